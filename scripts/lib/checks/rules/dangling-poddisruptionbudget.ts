import { namespaceOf } from "../objects.ts";
import { rule } from "../rule.ts";
import { describe, matches } from "../selectors.ts";

export default rule({
  name: "dangling-poddisruptionbudget",
  group: "references",
  why: "A budget that matches no pod protects nothing when a node is drained.",
  *check(objects) {
    for (const object of objects.of("PodDisruptionBudget")) {
      const { selector } = object.spec ?? {};
      if (selector && !objects.podsIn(namespaceOf(object)).some(({ labels }) => matches(selector, labels)))
        yield { object, path: "spec.selector", message: `matches no pod: ${describe(selector)}`, fix: "use labels of a pod template in the same namespace" };
    }
  },
});
