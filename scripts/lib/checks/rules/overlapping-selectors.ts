import type { Of } from "../objects.ts";
import { rule } from "../rule.ts";
import { describe, isEmpty, matches, type Selector } from "../selectors.ts";

const kinds = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);

export default rule({
  name: "overlapping-selectors",
  group: "references",
  why: "Two workloads that select each other's pods confuse autoscalers, budgets and `kubectl`, and old ReplicaSets may be adopted.",
  *check(objects) {
    for (const one of objects.pods) {
      if (!kinds.has(one.kind)) continue;
      const selector = (one.object as Of<"Deployment">).spec?.selector as Selector | undefined;
      if (!selector || isEmpty(selector)) continue;
      for (const other of objects.podsIn(one.namespace))
        if (kinds.has(other.kind) && (other.kind !== one.kind || other.object.metadata.name !== one.object.metadata.name) && matches(selector, other.labels))
          yield { object: one.object, path: "spec.selector", message: `also matches the pods of ${other.kind} ${other.object.metadata.name}: ${describe(selector)}`, fix: "add a label that only its own pods have" };
    }
  },
});
