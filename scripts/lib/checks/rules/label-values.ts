import { isLabelKey, isLabelValue } from "../names.ts";
import type { KubernetesObject } from "../../render.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
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
      const selector = (object["spec"] as { selector?: unknown } | undefined)?.selector;
      if (typeof selector === "object" && selector !== null && object.kind !== "PersistentVolumeClaim") {
        const isFlat = object.kind === "Service";
        const matchLabels = isFlat ? selector : (selector as { matchLabels?: unknown }).matchLabels;
        yield* keysAndValues(object, isFlat ? "spec.selector" : "spec.selector.matchLabels", matchLabels);
      }
    }
    for (const { object, spec, path } of pods) {
      for (const [index, { labelSelector }] of (spec.topologySpreadConstraints ?? []).entries())
        yield* keysAndValues(object, pathOf(path, "topologySpreadConstraints", index, "labelSelector.matchLabels"), labelSelector?.matchLabels);
      for (const field of ["podAffinity", "podAntiAffinity"] as const) {
        const { requiredDuringSchedulingIgnoredDuringExecution: required = [], preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = spec.affinity?.[field] ?? {};
        const place = pathOf(path, "affinity", field);
        for (const [index, { labelSelector }] of required.entries())
          yield* keysAndValues(object, pathOf(place, "requiredDuringSchedulingIgnoredDuringExecution", index, "labelSelector.matchLabels"), labelSelector?.matchLabels);
        for (const [index, { podAffinityTerm }] of preferred.entries())
          yield* keysAndValues(object, pathOf(place, "preferredDuringSchedulingIgnoredDuringExecution", index, "podAffinityTerm.labelSelector.matchLabels"), podAffinityTerm?.labelSelector?.matchLabels);
      }
    }
    for (const object of objects.of("NetworkPolicy")) {
      const { podSelector, ingress = [], egress = [] } = object.spec ?? {};
      yield* keysAndValues(object, "spec.podSelector.matchLabels", podSelector?.matchLabels);
      for (const [path, peers] of [...ingress.map(({ from = [] }, index) => [pathOf("spec.ingress", index, "from"), from] as const), ...egress.map(({ to = [] }, index) => [pathOf("spec.egress", index, "to"), to] as const)])
        for (const [index, peer] of peers.entries())
          for (const field of ["podSelector", "namespaceSelector"] as const) yield* keysAndValues(object, pathOf(path, index, field, "matchLabels"), peer[field]?.matchLabels);
    }
    for (const { object, kind, labels, labelsPath } of pods) if (kind !== "Pod") yield* keysAndValues(object, labelsPath, labels);
  },
});

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
