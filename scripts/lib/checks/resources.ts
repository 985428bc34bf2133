import type { Objects } from "./objects.ts";
import { pathOf } from "./paths.ts";
import { containersOf } from "./rule.ts";
import type { Finding } from "./types.ts";

const examples = { cpu: "50m", memory: "128Mi", "ephemeral-storage": "64Mi" };

/** Containers that don't say how much they need or may have. A limit counts as the request, too, as in Kubernetes. */
export function* unset(objects: Objects, resource: keyof typeof examples, fields: readonly ("requests" | "limits")[]): Iterable<Finding> {
  for (const { pod, container, path } of containersOf(objects))
    for (const field of fields) {
      const { requests, limits } = container.resources ?? {};
      const value = field === "limits" ? limits?.[resource] : (requests?.[resource] ?? limits?.[resource]);
      if (value === undefined)
        yield { object: pod.object, path: pathOf(path, "resources", field, [resource]), message: "is not set", fix: `set it to what the program needs, as ${examples[resource]}` };
    }
}
