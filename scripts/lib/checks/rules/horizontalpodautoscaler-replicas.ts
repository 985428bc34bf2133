import { rule } from "../rule.ts";

export default rule({
  name: "horizontalpodautoscaler-replicas",
  group: "object",
  why: "The API server refuses an autoscaler whose minimum is over its maximum.",
  *check(objects) {
    for (const object of objects.of("HorizontalPodAutoscaler")) {
      const { minReplicas = 1, maxReplicas } = object.spec ?? {};
      if (maxReplicas !== undefined && maxReplicas < 1) yield { object, path: "spec.maxReplicas", message: "must be 1 or more", fix: "raise it" };
      else if (minReplicas < 1) yield { object, path: "spec.minReplicas", message: "must be 1 or more (0 is a feature that clusters have off)", fix: "raise it" };
      else if (maxReplicas !== undefined && minReplicas > maxReplicas)
        yield { object, path: "spec.minReplicas", message: `${minReplicas} is more than maxReplicas ${maxReplicas}`, fix: "raise maxReplicas or lower minReplicas" };
    }
  },
});
