import { pathOf } from "../paths.ts";
import { containersOf, rule, suggestion } from "../rule.ts";

const fields = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];
const ofMap = /^metadata\.(labels|annotations)\['[^']+'\]$/;

export default rule({
  name: "field-ref",
  group: "object",
  why: "The API server refuses a variable from a field of the pod that can't be had.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      for (const [index, { valueFrom }] of (container.env ?? []).entries()) {
        const field = valueFrom?.fieldRef?.fieldPath;
        if (field !== undefined && !fields.includes(field) && !ofMap.test(field))
          yield { object: pod.object, path: pathOf(path, "env", index, "valueFrom.fieldRef.fieldPath"), message: `${JSON.stringify(field)} can't be had${suggestion(field, fields)}`, fix: `use one of ${fields.join(", ")}, metadata.labels['…'], metadata.annotations['…']` };
      }
  },
});
