import { isLabelKey, isLabelValue } from "../names.ts";
import type { KubernetesObject } from "../../render.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
import type { Selector } from "../selectors.ts";
import type { Finding } from "../types.ts";

export default rule({
  name: "label-values",
  group: "object",
  why: "The API server refuses labels, selectors and annotations that break its rules, an underscore at the end or 64 characters.",
  *check(objects) {
    const { all, pods } = objects;
    for (const object of all) {
      const { labels, annotations } = object.metadata;
      yield* keysAndValues(object, "metadata.labels", labels);
      yield* keysAndValues(object, "metadata.annotations", annotations, false);
      const { selector } = (object["spec"] ?? {}) as { selector?: Selector };
      if (!objects.comparisons.has(object) || typeof selector !== "object") continue;
      if (object.kind === "Service") yield* keysAndValues(object, "spec.selector", selector);
      else yield* inSelector(object, "spec.selector", selector);
    }
    for (const { object, spec, path } of pods) {
      for (const [index, { labelSelector }] of (spec.topologySpreadConstraints ?? []).entries())
        yield* inSelector(object, pathOf(path, "topologySpreadConstraints", index, "labelSelector"), labelSelector);
      for (const field of ["podAffinity", "podAntiAffinity"] as const) {
        const { requiredDuringSchedulingIgnoredDuringExecution: required = [], preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = spec.affinity?.[field] ?? {};
        const place = pathOf(path, "affinity", field);
        for (const [index, { labelSelector }] of required.entries())
          yield* inSelector(object, pathOf(place, "requiredDuringSchedulingIgnoredDuringExecution", index, "labelSelector"), labelSelector);
        for (const [index, { podAffinityTerm }] of preferred.entries())
          yield* inSelector(object, pathOf(place, "preferredDuringSchedulingIgnoredDuringExecution", index, "podAffinityTerm.labelSelector"), podAffinityTerm?.labelSelector);
      }
    }
    for (const object of objects.of("NetworkPolicy")) {
      const { podSelector, ingress = [], egress = [] } = object.spec ?? {};
      yield* inSelector(object, "spec.podSelector", podSelector);
      for (const [path, peers] of [...ingress.map(({ from = [] }, index) => [pathOf("spec.ingress", index, "from"), from] as const), ...egress.map(({ to = [] }, index) => [pathOf("spec.egress", index, "to"), to] as const)])
        for (const [index, peer] of peers.entries())
          for (const field of ["podSelector", "namespaceSelector"] as const) yield* inSelector(object, pathOf(path, index, field), peer[field]);
    }
    for (const { object, kind, labels, labelsPath } of pods) if (kind !== "Pod") yield* keysAndValues(object, labelsPath, labels);
  },
});

const operators = ["In", "NotIn", "Exists", "DoesNotExist"];

/** Of a selector as most objects have it; a Service's is a plain map. */
function* inSelector(object: KubernetesObject, path: string, selector: Selector | undefined): Iterable<Finding> {
  yield* keysAndValues(object, pathOf(path, "matchLabels"), selector?.matchLabels);
  for (const [index, { key = "", operator = "", values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const place = pathOf(path, "matchExpressions", index);
    if (!isLabelKey(key)) yield { object, path: pathOf(place, "key"), message: `${JSON.stringify(key)} is no label's key`, fix: "name or prefix.example/name" };
    for (const [number, value] of values.entries())
      if (typeof value !== "string" || !isLabelValue(value))
        yield { object, path: pathOf(place, "values", number), message: `${JSON.stringify(value)} is no label's value`, fix: "letters, digits, -, _ and ., at most 63 characters" };
    if (!operators.includes(operator)) yield { object, path: pathOf(place, "operator"), message: `there is no operator ${JSON.stringify(operator)}`, fix: `use ${operators.join(", ")}` };
    else if (operator.endsWith("In") !== values.length > 0)
      yield { object, path: pathOf(place, "values"), message: operator.endsWith("In") ? `is empty, and ${operator} wants values` : `has values, and ${operator} wants none`, fix: "correct the operator or the values" };
  }
}

function* keysAndValues(object: KubernetesObject, path: string, map: unknown, isLabel = true): Iterable<Finding> {
  if (typeof map !== "object" || map === null) return;
  for (const [key, value] of Object.entries(map)) {
    if (!isLabelKey(isLabel ? key : key.toLowerCase()))
      yield { object, path: pathOf(path, [key]), message: `${JSON.stringify(key)} is no ${isLabel ? "label" : "annotation"}'s key`, fix: "name or prefix.example/name; letters, digits, -, _ and ., at most 63 characters" };
    if (isLabel && (typeof value !== "string" || !isLabelValue(value)))
      yield {
        object,
        path: pathOf(path, [key]),
        message: typeof value === "string" ? `${JSON.stringify(value.slice(0, 80))} is no label's value` : `must be a string but is ${JSON.stringify(value)}`,
        fix: "letters, digits, -, _ and ., letter or digit at both ends, at most 63 characters",
      };
  }
}
