import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "deprecated-service-account-field",
  group: "object",
  severity: "warning",
  why: "`serviceAccount` is the old name of `serviceAccountName`, and readers of the new one miss it.",
  *check({ pods }) {
    for (const { object, spec, path } of pods)
      if (spec.serviceAccount !== undefined && spec.serviceAccount !== spec.serviceAccountName)
        yield { object, path: pathOf(path, "serviceAccount"), message: "is deprecated", fix: `write serviceAccountName: ${spec.serviceAccount}` };
  },
});
