import { accountOf } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "non-existent-service-account",
  group: "references",
  why: "Pods of a ServiceAccount that does not exist are never made; the reason shows in the ReplicaSet's events only.",
  *check(objects) {
    for (const { object, namespace, spec, path } of objects.pods) {
      const name = accountOf(spec);
      // Each namespace has one called default.
      if (name === "default" || objects.find("ServiceAccount", namespace, name)) continue;
      yield { object, path: pathOf(path, "serviceAccountName"), message: `there is no ServiceAccount ${name}${suggestion(name, objects.names("ServiceAccount", namespace))}`, fix: "correct the name, or add the ServiceAccount" };
    }
  },
});
