import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
import { isSecretName, secretIn } from "../secrets.ts";

export default rule({
  name: "sensitive-configmap",
  group: "policy",
  why: "ConfigMaps are neither encrypted nor guarded as Secrets are, and are shown in every diff.",
  others: ["sensitiveConfigmapContent"],
  *check(objects) {
    for (const object of objects.of("ConfigMap"))
      for (const [name, value] of Object.entries(object.data ?? {})) {
        if (typeof value !== "string" || value === "") continue;
        const kind = secretIn(value) ?? (isSecretName(name) ? "a secret" : undefined);
        if (kind) yield { object, path: pathOf("data", [name]), message: `${name} looks like ${kind}`, fix: "put it into a Secret" };
      }
  },
});
