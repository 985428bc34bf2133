import type { KubernetesObject } from "../../render.ts";
import type { Container } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { parseQuantity } from "../quantity.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

export default rule({
  name: "requests-within-limits",
  group: "object",
  why: "The API server refuses a container or pod that requests more than its limit.",
  *check(objects) {
    for (const { object, spec, path } of objects.pods) yield* faults(object, path, spec.resources);
    for (const { pod, container, path } of containersOf(objects)) yield* faults(pod.object, path, container.resources);
  },
});

function* faults(object: KubernetesObject, path: string, resources: Container["container"]["resources"]): Iterable<Finding> {
  const { requests = {}, limits = {} } = (resources ?? {}) as Record<string, Record<string, string | number>>;
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) continue;
    const [asked, allowed] = [parseQuantity(request), parseQuantity(limit)];
    if (asked !== undefined && allowed !== undefined && asked > allowed)
      yield { object, path: pathOf(path, "resources.requests", [name]), message: `requests ${request}, more than the limit ${limit}`, fix: `raise limits.${name} or lower requests.${name}` };
  }
}
