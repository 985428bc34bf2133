import { parseQuantity } from "../quantity.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

const sources: Record<string, string> = { ContainerResource: "containerResource", External: "external", Object: "object", Pods: "pods", Resource: "resource" };
const values: Record<string, string> = { Utilization: "averageUtilization", Value: "value", AverageValue: "averageValue" };

interface Source {
  readonly name?: string;
  readonly metric?: { readonly name?: string };
  readonly describedObject?: { readonly kind?: string; readonly name?: string };
  readonly target?: { readonly type?: string; readonly averageUtilization?: number; readonly averageValue?: string | number; readonly value?: string | number };
}

export default rule({
  name: "horizontalpodautoscaler-metrics",
  group: "object",
  why: "The API server refuses a metric whose type, source and target don't belong together.",
  *check(objects) {
    for (const object of objects.of("HorizontalPodAutoscaler"))
      for (const direction of ["scaleUp", "scaleDown"] as const) {
        const { policies, selectPolicy, stabilizationWindowSeconds: window = 0 } = object.spec?.behavior?.[direction] ?? {};
        const path = pathOf("spec.behavior", direction);
        if (policies?.length === 0) yield { object, path: pathOf(path, "policies"), message: "is empty", fix: "remove it, or add a policy" };
        if (selectPolicy !== undefined && !["Max", "Min", "Disabled"].includes(selectPolicy))
          yield { object, path: pathOf(path, "selectPolicy"), message: `there is no ${JSON.stringify(selectPolicy)}`, fix: "use Max, Min or Disabled" };
        if (window < 0 || window > 3600) yield { object, path: pathOf(path, "stabilizationWindowSeconds"), message: `must be 0 to 3600 but is ${window}`, fix: "use 0 to 3600" };
        for (const [index, { type, value, periodSeconds }] of (policies ?? []).entries()) {
          if (type !== undefined && type !== "Percent" && type !== "Pods") yield { object, path: pathOf(path, "policies", index, "type"), message: `there is no policy of type ${JSON.stringify(type)}`, fix: "use Percent or Pods" };
          if (value !== undefined && value < 1) yield { object, path: pathOf(path, "policies", index, "value"), message: `must be more than 0 but is ${value}`, fix: "raise it" };
          if (periodSeconds !== undefined && (periodSeconds < 1 || periodSeconds > 1800))
            yield { object, path: pathOf(path, "policies", index, "periodSeconds"), message: `must be 1 to 1800 but is ${periodSeconds}`, fix: "use 1 to 1800" };
        }
      }
    for (const object of objects.of("HorizontalPodAutoscaler"))
      for (const [index, metric] of (object.spec?.metrics ?? []).entries()) {
        const path = pathOf("spec.metrics", index);
        const { type = "" } = metric;
        const field = sources[type];
        if (!field) {
          if (metric.type !== undefined) yield { object, path: pathOf(path, "type"), message: `there is no metric of type ${JSON.stringify(type)}`, fix: `use ${Object.keys(sources).join(", ")}` };
          continue;
        }
        const source = (metric as Record<string, unknown>)[field] as Source | undefined;
        if (!source) {
          yield { object, path: pathOf(path, field), message: `is missing, and the type is ${type}`, fix: `describe the metric in ${field}` };
          continue;
        }
        if (source.metric?.name === "") yield { object, path: pathOf(path, field, "metric.name"), message: "is empty", fix: "name the metric" };
        for (const name of ["kind", "name"] as const)
          if (source.describedObject?.[name] === "") yield { object, path: pathOf(path, field, "describedObject", name), message: "is empty", fix: "name the object that the metric is about" };
        if (source.name === "") yield { object, path: pathOf(path, field, "name"), message: "is empty", fix: "name the resource: cpu or memory" };
        const { target } = source;
        if (target?.type === undefined) continue;
        const value = values[target.type];
        const place = pathOf(path, field, "target");
        if (!value) yield { object, path: pathOf(place, "type"), message: `there is no target of type ${JSON.stringify(target.type)}`, fix: `use ${Object.keys(values).join(", ")}` };
        else if ((target as Record<string, unknown>)[value] === undefined) yield { object, path: pathOf(place, value), message: `is missing, and the type is ${target.type}`, fix: "set it" };
        else if ([target.averageValue, target.value].some((amount) => amount !== undefined && (parseQuantity(amount) ?? 1) <= 0))
          yield { object, path: pathOf(place, value), message: "must be more than 0", fix: "raise it" };
        else if (target.averageUtilization !== undefined && target.averageUtilization < 1) yield { object, path: pathOf(place, "averageUtilization"), message: `must be more than 0 but is ${target.averageUtilization}`, fix: "a percentage, as 70" };
      }
  },
});
