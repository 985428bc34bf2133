import { portionFault } from "../replicas.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "poddisruptionbudget-has-policy",
  group: "object",
  why: "The API server refuses a budget with both minAvailable and maxUnavailable; one with neither protects nothing.",
  *check(objects) {
    for (const object of objects.of("PodDisruptionBudget")) {
      const { minAvailable, maxUnavailable } = object.spec ?? {};
      for (const [field, value] of Object.entries({ minAvailable, maxUnavailable })) {
        const fault = value === undefined ? undefined : portionFault(value);
        if (fault) yield { object, path: `spec.${field}`, message: fault, fix: "use 1 or 25%" };
      }
      if (minAvailable !== undefined && maxUnavailable !== undefined)
        yield { object, path: "spec", message: "has both minAvailable and maxUnavailable", fix: "remove one; maxUnavailable follows the number of pods" };
      else if (minAvailable === undefined && maxUnavailable === undefined)
        yield { object, path: "spec", message: "has neither minAvailable nor maxUnavailable", fix: "set maxUnavailable: 1", severity: "warning" };
    }
  },
});
