import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "wildcard-in-rules",
  group: "policy",
  why: "A role of * grants what nobody thought of, and what later versions add.",
  *check(objects) {
    for (const object of [...objects.of("Role"), ...objects.of("ClusterRole")])
      for (const [index, rule] of (object.rules ?? []).entries())
        for (const field of ["verbs", "resources"] as const)
          if (rule[field]?.includes("*")) yield { object, path: pathOf("rules", index, field), message: "is *", fix: `list the ${field} that are needed` };
  },
});
