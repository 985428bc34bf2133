import { namespaceOf } from "../objects.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "missing-issuer",
  group: "references",
  why: "A Certificate of an issuer that does not exist is never issued, and nothing says so but its status.",
  *check(objects) {
    for (const object of objects.of("Certificate")) {
      const { kind = "Issuer", name, group = "cert-manager.io" } = object.spec?.issuerRef ?? {};
      // Other groups are issuers of others.
      if (group !== "cert-manager.io" || !name) continue;
      if (kind !== "Issuer" && kind !== "ClusterIssuer") {
        yield { object, path: "spec.issuerRef.kind", message: `cert-manager has no ${kind}${suggestion(kind, ["Issuer", "ClusterIssuer"])}`, fix: "use Issuer or ClusterIssuer" };
        continue;
      }
      const namespace = kind === "Issuer" ? namespaceOf(object) : "";
      if (objects.find(kind, namespace, name)) continue;
      const names = objects.names(kind, namespace);
      // A cluster's issuers may be its platform team's.
      const severity = names.length === 0 && kind === "ClusterIssuer" ? ({ severity: "warning" } as const) : {};
      yield { object, path: "spec.issuerRef.name", message: `there is no ${kind} ${name}${suggestion(name, names)}`, fix: "correct the name, or add the issuer", ...severity };
    }
    const writers = new Map<string, string>();
    for (const object of objects.of("Certificate")) {
      const key = `${namespaceOf(object)}/${object.spec?.secretName}`;
      const first = writers.get(key);
      if (first === undefined) writers.set(key, object.metadata.name);
      else yield { object, path: "spec.secretName", message: `Certificate ${first} writes ${object.spec?.secretName} too`, fix: "give each Certificate a Secret of its own" };
    }
  },
});
