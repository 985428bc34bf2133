import { replicated } from "../replicas.ts";
import { rule } from "../rule.ts";
import { matches } from "../selectors.ts";

export default rule({
  name: "has-poddisruptionbudget",
  group: "policy",
  why: "Without a budget a drain may evict all replicas at once.",
  others: ["deployment-has-poddisruptionbudget", "statefulset-has-poddisruptionbudget"],
  *check(objects) {
    for (const { object, namespace, labels } of replicated(objects))
      if (!objects.of("PodDisruptionBudget", namespace).some((budget) => budget.spec?.selector && matches(budget.spec.selector, labels)))
        yield { object, path: "spec.replicas", message: "runs several pods, but no PodDisruptionBudget matches them", fix: "add one with maxUnavailable: 1" };
  },
});
