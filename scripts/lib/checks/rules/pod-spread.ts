import { pathOf } from "../paths.ts";
import { replicated } from "../replicas.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "pod-spread",
  group: "policy",
  why: "Replicas on one node fail with it.",
  others: ["no-anti-affinity", "deployment-has-host-podantiaffinity", "statefulset-has-host-podantiaffinity", "pod-topology-spread-constraints"],
  *check(objects) {
    for (const { object, spec, path } of replicated(objects)) {
      const { requiredDuringSchedulingIgnoredDuringExecution: required = [], preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = spec.affinity?.podAntiAffinity ?? {};
      const keys = [...required.map(({ topologyKey }) => topologyKey), ...preferred.map(({ podAffinityTerm }) => podAffinityTerm?.topologyKey), ...(spec.topologySpreadConstraints ?? []).map(({ topologyKey }) => topologyKey)];
      if (!keys.includes("kubernetes.io/hostname"))
        yield { object, path: pathOf(path, "topologySpreadConstraints"), message: "runs several pods, which may all land on one node", fix: "spread them over kubernetes.io/hostname (topologySpreadConstraints or podAntiAffinity)" };
    }
  },
});
