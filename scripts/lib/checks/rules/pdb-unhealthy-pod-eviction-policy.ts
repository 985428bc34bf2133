import { rule } from "../rule.ts";

export default rule({
  name: "pdb-unhealthy-pod-eviction-policy",
  group: "policy",
  severity: "warning",
  why: "By default a pod that never gets ready can't be evicted either, and blocks the drain that would mend it.",
  *check(objects) {
    for (const object of objects.of("PodDisruptionBudget"))
      if (object.spec && object.spec.unhealthyPodEvictionPolicy !== "AlwaysAllow")
        yield { object, path: "spec.unhealthyPodEvictionPolicy", message: "is not AlwaysAllow", fix: "set unhealthyPodEvictionPolicy: AlwaysAllow" };
  },
});
