import { accountOf } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "default-service-account",
  group: "policy",
  why: "What is granted to `default` is granted to every pod that names no account.",
  *check({ pods }) {
    for (const { object, spec, path } of pods)
      if (accountOf(spec) === "default")
        yield { object, path: pathOf(path, "serviceAccountName"), message: "is default", fix: "give each workload a ServiceAccount of its own" };
  },
});
