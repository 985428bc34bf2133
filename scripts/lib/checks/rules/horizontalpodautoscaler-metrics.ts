import type { KubernetesObject } from "../../render.ts";
import { parseQuantity } from "../quantity.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
import type { Finding } from "../types.ts";

const sources: Record<string, string> = { ContainerResource: "containerResource", External: "external", Object: "object", Pods: "pods", Resource: "resource" };
const values: Record<string, keyof Target> = { Utilization: "averageUtilization", Value: "value", AverageValue: "averageValue" };

/** What the target of a source may say. */
const targets: Record<string, readonly (keyof Target)[]> = {
  ContainerResource: ["averageUtilization", "averageValue"],
  External: ["value", "averageValue"],
  Object: ["value", "averageValue"],
  Pods: ["averageValue"],
  Resource: ["averageUtilization", "averageValue"],
};

interface Target {
  readonly type?: string;
  readonly averageUtilization?: number;
  readonly averageValue?: string | number;
  readonly value?: string | number;
}

interface Source {
  readonly name?: string;
  readonly metric?: { readonly name?: string };
  readonly describedObject?: { readonly kind?: string; readonly name?: string };
  readonly target?: Target;
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
        for (const other of Object.values(sources))
          if (other !== field && (metric as Record<string, unknown>)[other] !== undefined)
            yield { object, path: pathOf(path, other), message: `may not be set, for the type is ${type}`, fix: "make a metric of its own of it" };
        const source = (metric as Record<string, unknown>)[field] as Source | undefined;
        if (!source) {
          yield { object, path: pathOf(path, field), message: `is missing, and the type is ${type}`, fix: `describe the metric in ${field}` };
          continue;
        }
        if (source.metric?.name === "") yield { object, path: pathOf(path, field, "metric.name"), message: "is empty", fix: "name the metric" };
        for (const name of ["kind", "name"] as const)
          if (source.describedObject?.[name] === "") yield { object, path: pathOf(path, field, "describedObject", name), message: "is empty", fix: "name the object that the metric is about" };
        if (source.name === "") yield { object, path: pathOf(path, field, "name"), message: "is empty", fix: "name the resource: cpu or memory" };
        if (source.target) yield* targetFaults(object, pathOf(path, field, "target"), type, source.target);
      }
  },
});

function* targetFaults(object: KubernetesObject, path: string, source: string, target: Target): Iterable<Finding> {
  if (target.type === undefined) return;
  const value = values[target.type];
  const allowed = targets[source]!;
  const set = allowed.filter((name) => target[name] !== undefined);
  if (!value) yield { object, path: pathOf(path, "type"), message: `there is no target of type ${JSON.stringify(target.type)}`, fix: `use ${Object.keys(values).join(", ")}` };
  else if (set.length === 0)
    yield { object, path: pathOf(path, allowed.includes(value) ? value : allowed[0]!), message: `is missing: a target of ${source} says ${allowed.join(" or ")}`, fix: "set it" };
  // An Object's target goes by its type, which the server does not compare; that of other sources by what is set.
  else if (source === "Object" && !set.includes(value))
    yield { object, path: pathOf(path, allowed.includes(value) ? value : "type"), message: `the type is ${target.type}, but ${set.join(" and ")} is set`, fix: "make them agree" };
  else if (source !== "Object" && set.length > 1) yield { object, path: pathOf(path, set[1]!), message: `may not be set with ${set[0]}`, fix: "remove one of them" };
  for (const name of ["value", "averageValue", "averageUtilization"] as const) {
    const amount = target[name];
    if (amount !== undefined && (parseQuantity(amount) ?? 1) <= 0) yield { object, path: pathOf(path, name), message: `must be more than 0 but is ${amount}`, fix: "raise it" };
  }
}
