import { isDnsSubdomain } from "../names.ts";
import { rule, suggestion } from "../rule.ts";

const types = ["acme", "ca", "selfSigned", "vault", "venafi"] as const;

export default rule({
  name: "issuer-type",
  group: "object",
  why: "cert-manager's webhook refuses an issuer of no type or of two; an ACME solver needs exactly one way to solve.",
  *check(objects) {
    for (const object of [...objects.of("ClusterIssuer"), ...objects.of("Issuer")]) {
      const spec = object.spec ?? {};
      const set = types.filter((type) => spec[type] !== undefined);
      if (set.length !== 1)
        yield { object, path: "spec", message: set.length === 0 ? `has no type${suggestion(Object.keys(spec)[0] ?? "", types)}` : `has ${set.length} types: ${set.join(" and ")}`, fix: `set exactly one of ${types.join(", ")}` };
      const { acme } = spec;
      if (!acme) continue;
      if (acme.server !== undefined && !/^https:\/\/[^/]+/.test(acme.server))
        yield { object, path: "spec.acme.server", message: `${JSON.stringify(acme.server)} is no https address`, fix: "https://acme-v02.api.letsencrypt.org/directory" };
      if (acme.email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(acme.email))
        yield { object, path: "spec.acme.email", message: `${JSON.stringify(acme.email)} is no e-mail address`, fix: "correct or remove it" };
      if (!acme.solvers?.length) yield { object, path: "spec.acme.solvers", message: "is empty: nothing proves that a host is yours", fix: "add an http01 or dns01 solver", severity: "warning" };
      for (const [index, { http01, dns01 }] of (acme.solvers ?? []).entries()) {
        const path = `spec.acme.solvers[${index}]`;
        if (!http01 === !dns01) yield { object, path, message: http01 ? "has both http01 and dns01" : "has neither http01 nor dns01", fix: "set one of them" };
        if (http01 && !http01.ingress && !http01.gatewayHTTPRoute) yield { object, path: `${path}.http01`, message: "has neither ingress nor gatewayHTTPRoute", fix: "set ingress" };
        const { class: className, ingressClassName, name } = http01?.ingress ?? {};
        if (ingressClassName !== undefined && !isDnsSubdomain(ingressClassName))
          yield { object, path: `${path}.http01.ingress.ingressClassName`, message: `${JSON.stringify(ingressClassName)} is no name`, fix: "name the IngressClass: nginx" };
        if ([className, ingressClassName, name].filter((value) => value !== undefined).length > 1)
          yield { object, path: `${path}.http01.ingress`, message: "has more than one of class, ingressClassName and name", fix: "keep ingressClassName" };
      }
    }
  },
});
