import type { Of } from "../objects.ts";
import { rule } from "../rule.ts";
import { describe, isEmpty, matches, type Selector } from "../selectors.ts";

export default rule({
  name: "mismatching-selector",
  group: "object",
  why: "The API server refuses a workload whose selector does not match the labels of its own pods.",
  others: ["deployment-pod-selector-labels-match-template-metadata-labels", "statefulset-pod-selector-labels-match-template-metadata-labels"],
  *check(objects) {
    for (const { object, kind, labels, labelsPath } of objects.pods) {
      if (kind === "Pod" || kind === "Job" || kind === "CronJob") continue;
      const selector = (object as Of<"Deployment">).spec?.selector as Selector | undefined;
      if (!selector) continue;
      if (isEmpty(selector)) yield { object, path: "spec.selector", message: "is empty", fix: "select the labels of the pod template" };
      else if (!matches(selector, labels))
        yield { object, path: labelsPath, message: `the pods would not match spec.selector (${describe(selector)})`, fix: "use the same labels in both" };
    }
  },
});
