import { covers } from "../hosts.ts";
import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "ingress-tls-hosts",
  group: "references",
  why: "A host that the TLS section forgets is served with the controller's own certificate, and browsers refuse it.",
  *check(objects) {
    for (const object of objects.of("Ingress")) {
      const { rules = [], tls = [] } = object.spec ?? {};
      // No hosts mean that the Secret's certificate decides.
      if (tls.length === 0 || tls.some(({ hosts }) => !hosts?.length)) continue;
      const secured = tls.flatMap(({ hosts }) => hosts ?? []);
      const served = rules.flatMap(({ host }) => host ?? []);
      for (const [index, { host }] of rules.entries())
        if (host && !secured.some((name) => covers(name, host)))
          yield { object, path: pathOf("spec.rules", index, "host"), message: `no spec.tls entry lists ${host}${suggestion(host, secured)}`, fix: "add it to spec.tls[].hosts" };
      for (const [index, { hosts = [] }] of tls.entries())
        for (const [number, host] of hosts.entries())
          if (served.length > 0 && rules.every(({ host }) => host) && !served.some((name) => covers(host, name)))
            yield { object, path: pathOf("spec.tls", index, "hosts", number), message: `no rule serves ${host}${suggestion(host, served)}`, fix: "correct or remove it" };
    }
  },
});
