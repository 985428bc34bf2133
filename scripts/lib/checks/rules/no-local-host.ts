import { environmentTexts } from "../config.ts";
import { isLocalHost } from "../hosts.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "no-local-host",
  group: "environment",
  why: "A .localhost name leads each user to their own machine, and no public issuer signs it.",
  *check(objects) {
    if (objects.settings?.development) return;
    const fix = "use the environment's domain";
    const domain = objects.settings?.domain;
    if (domain && isLocalHost(domain)) yield { path: "domain", message: `${domain} is a name of one machine`, fix: "use a domain of yours" };
    for (const object of objects.of("Ingress")) {
      for (const [index, { host }] of (object.spec?.rules ?? []).entries())
        if (host && isLocalHost(host)) yield { object, path: pathOf("spec.rules", index, "host"), message: `${host} is a name of one machine`, fix };
      for (const [index, { hosts = [] }] of (object.spec?.tls ?? []).entries())
        for (const [number, host] of hosts.entries())
          if (isLocalHost(host)) yield { object, path: pathOf("spec.tls", index, "hosts", number), message: `${host} is a name of one machine`, fix };
    }
    for (const object of objects.of("Certificate"))
      for (const [index, host] of (object.spec?.dnsNames ?? []).entries())
        if (isLocalHost(host)) yield { object, path: pathOf("spec.dnsNames", index), message: `${host} is a name of one machine`, fix };
    for (const { object, path, value } of environmentTexts(objects))
      for (const [, host] of value.matchAll(/\b[a-z][a-z0-9+.-]{0,20}:\/\/(?:[^\s/@]*@)?(\[[0-9a-f:]+\]|[^\s/:?#,"']+)/gi))
        // Containers of one pod do meet at 127.0.0.1.
        if (isLocalHost(host!) && !/^(127\.|localhost$|\[::1\])/.test(host!)) yield { object, path, message: `${host} is a name of one machine`, fix };
  },
});
