import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

const sources: Record<string, string> = { ContainerResource: "containerResource", External: "external", Object: "object", Pods: "pods", Resource: "resource" };
const values: Record<string, string> = { Utilization: "averageUtilization", Value: "value", AverageValue: "averageValue" };

interface Source {
  readonly name?: string;
  readonly target?: { readonly type?: string; readonly averageUtilization?: number };
}

export default rule({
  name: "horizontalpodautoscaler-metrics",
  group: "object",
  why: "The API server refuses a metric whose type, source and target don't belong together.",
  *check(objects) {
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
        if (source.name === "") yield { object, path: pathOf(path, field, "name"), message: "is empty", fix: "name the resource: cpu or memory" };
        const { target } = source;
        if (target?.type === undefined) continue;
        const value = values[target.type];
        const place = pathOf(path, field, "target");
        if (!value) yield { object, path: pathOf(place, "type"), message: `there is no target of type ${JSON.stringify(target.type)}`, fix: `use ${Object.keys(values).join(", ")}` };
        else if ((target as Record<string, unknown>)[value] === undefined) yield { object, path: pathOf(place, value), message: `is missing, and the type is ${target.type}`, fix: "set it" };
        else if (target.averageUtilization !== undefined && target.averageUtilization < 1) yield { object, path: pathOf(place, "averageUtilization"), message: `must be more than 0 but is ${target.averageUtilization}`, fix: "a percentage, as 70" };
      }
  },
});
