import { pathOf } from "../paths.ts";
import { parseQuantity } from "../quantity.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "requests-within-limits",
  group: "object",
  why: "The API server refuses a container that requests more than its limit.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      const { requests = {}, limits = {} } = (container.resources ?? {}) as Record<string, Record<string, string | number>>;
      for (const [name, request] of Object.entries(requests)) {
        const limit = limits[name];
        if (limit === undefined) continue;
        const [asked, allowed] = [parseQuantity(request), parseQuantity(limit)];
        if (asked !== undefined && allowed !== undefined && asked > allowed)
          yield {
            object: pod.object,
            path: pathOf(path, "resources.requests", [name]),
            message: `requests ${request}, more than the limit ${limit}`,
            fix: `raise limits.${name} or lower requests.${name}`,
          };
      }
    }
  },
});
