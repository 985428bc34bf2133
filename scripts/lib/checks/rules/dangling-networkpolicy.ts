import { namespaceOf } from "../objects.ts";
import { rule } from "../rule.ts";
import { describe, isEmpty, matches } from "../selectors.ts";
import { isMadeByOthers } from "../policies.ts";

export default rule({
  name: "dangling-networkpolicy",
  group: "references",
  why: "A NetworkPolicy that selects no pod guards nothing, while everyone believes that it does.",
  others: ["networkpolicy-targets-pod"],
  *check(objects) {
    for (const object of objects.of("NetworkPolicy")) {
      const selector = object.spec?.podSelector ?? {};
      if (isEmpty(selector) || isMadeByOthers(selector)) continue;
      if (!objects.podsIn(namespaceOf(object)).some(({ labels }) => matches(selector, labels)))
        yield { object, path: "spec.podSelector", message: `selects no pod: ${describe(selector)}`, fix: "use labels of a pod template in the same namespace" };
    }
  },
});
