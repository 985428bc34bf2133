import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "no-liveness-probe",
  group: "policy",
  why: "A program that hangs keeps hanging.",
  others: ["pod-probes"],
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      if (pod.kind !== "Job" && pod.kind !== "CronJob" && !path.includes(".initContainers") && container.livenessProbe === undefined)
        yield { object: pod.object, path: pathOf(path, "livenessProbe"), message: "is missing", fix: "ask the program whether it works, not whether others do" };
  },
});
