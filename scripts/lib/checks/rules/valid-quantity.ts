import type { KubernetesObject } from "../../render.ts";
import type { Objects } from "../objects.ts";
import { pathOf, stepsOf } from "../paths.ts";
import { parseQuantity } from "../quantity.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

export default rule({
  name: "valid-quantity",
  group: "object",
  why: "The API server refuses amounts that it can't read; `400m` of memory is 0.4 bytes, and no pod starts with it.",
  *check(objects) {
    for (const finding of faults(objects)) {
      // What the models refuse is said by schema-validation; they take a few that Kubernetes does not.
      const errors = objects.comparisons.get(finding.object!)?.errors ?? [];
      if (!errors.some(({ instancePath }) => pathOf(...stepsOf(instancePath)) === finding.path)) yield finding;
    }
  },
});

function* faults(objects: Objects): Iterable<Finding> {
  for (const { pod, container, path } of containersOf(objects))
    for (const field of ["requests", "limits"] as const)
      yield* amounts(pod.object, pathOf(path, "resources", field), container.resources?.[field]);
  for (const { object, spec, path } of objects.pods) {
    for (const field of ["requests", "limits"] as const) yield* amounts(object, pathOf(path, "resources", field), spec.resources?.[field]);
    for (const [index, { emptyDir, ephemeral }] of (spec.volumes ?? []).entries()) {
      const place = pathOf(path, "volumes", index);
      yield* amounts(object, pathOf(place, "emptyDir"), emptyDir?.sizeLimit === undefined ? {} : { sizeLimit: emptyDir.sizeLimit });
      yield* amounts(object, pathOf(place, "ephemeral.volumeClaimTemplate.spec.resources.requests"), ephemeral?.volumeClaimTemplate?.spec?.resources?.requests);
    }
  }
  for (const object of objects.of("PersistentVolumeClaim"))
    yield* amounts(object, "spec.resources.requests", object.spec?.resources?.requests);
  for (const object of objects.of("StatefulSet"))
    for (const [index, claim] of (object.spec?.volumeClaimTemplates ?? []).entries())
      yield* amounts(object, pathOf("spec.volumeClaimTemplates", index, "spec.resources.requests"), claim.spec?.resources?.requests);
}

const bytes = new Set(["memory", "storage", "ephemeral-storage", "sizeLimit"]);

function* amounts(object: KubernetesObject, path: string, resources: Record<string, unknown> | undefined): Iterable<Finding> {
  for (const [name, quantity] of Object.entries(resources ?? {})) {
    if (typeof quantity !== "string" && typeof quantity !== "number") continue;
    const place = pathOf(path, [name]);
    const value = parseQuantity(quantity);
    if (value === undefined) yield { object, path: place, message: `${JSON.stringify(quantity)} is no quantity`, fix: "write it as 500m, 1.5 or 128Mi" };
    else if (value < 0) yield { object, path: place, message: `${quantity} is negative`, fix: "use 0 or more" };
    else if (name === "storage" && value === 0) yield { object, path: place, message: "is 0", fix: "say how much is wanted: 1Gi" };
    else if (bytes.has(name) && value > 0 && value < 1024)
      yield { object, path: place, message: `${quantity} is ${value} bytes`, fix: "write memory and storage as 128Mi or 1Gi", severity: Number.isInteger(value) ? "warning" : "error" };
    else if (bytes.has(name) && !Number.isInteger(value))
      yield { object, path: place, message: `${quantity} is not a whole number of bytes`, fix: "write memory and storage as 128Mi or 1Gi", severity: "warning" };
    else if (name === "cpu" && value >= 1000)
      yield { object, path: place, message: `${quantity} is ${value} cores`, fix: `write thousandths with m: ${value}m`, severity: "warning" };
  }
}
