import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";
import { podsBehind } from "../services.ts";

export default rule({
  name: "no-readiness-probe",
  group: "policy",
  why: "A pod behind a Service gets requests before it can answer them, at every start and update.",
  others: ["pod-probes"],
  *check(objects) {
    const behind = new Set(objects.of("Service").flatMap((service) => podsBehind(objects, service)));
    for (const { pod, container, path, init } of containersOf(objects))
      if (behind.has(pod) && !init && !path.includes(".initContainers") && container.readinessProbe === undefined && (container.ports?.length || pod.containers.length === 1))
        yield { object: pod.object, path: pathOf(path, "readinessProbe"), message: "is missing", fix: "ask the program whether it can answer now" };
  },
});
