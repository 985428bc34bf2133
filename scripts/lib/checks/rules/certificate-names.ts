import { isIP } from "node:net";
import { isDnsSubdomain, isHost } from "../names.ts";
import { pathOf } from "../paths.ts";
import { repeated, rule } from "../rule.ts";

export default rule({
  name: "certificate-names",
  group: "object",
  why: "cert-manager's webhook refuses a Certificate that names nobody; an issuer refuses names that are none.",
  *check(objects) {
    for (const object of objects.of("Certificate")) {
      const { dnsNames = [], commonName, ipAddresses, uris, emailAddresses, otherNames, literalSubject } = object.spec ?? {};
      if (!commonName && !literalSubject && [dnsNames, ipAddresses, uris, emailAddresses, otherNames].every((names) => !names?.length))
        yield { object, path: "spec.dnsNames", message: "is missing, and so is every other name", fix: "list the hosts that the certificate is for" };
      for (const [index, name] of dnsNames.entries())
        if (!isHost(name)) yield { object, path: pathOf("spec.dnsNames", index), message: `${JSON.stringify(name)} is no host name`, fix: "lower case letters, digits, - and ., without scheme and port" };
      for (const { name, index, first } of repeated(dnsNames, (name) => name))
        yield { object, path: pathOf("spec.dnsNames", index), message: `${name} is dnsNames[${first}] already`, fix: "remove one of them", severity: "warning" };
      for (const [index, address] of (ipAddresses ?? []).entries())
        if (isIP(address) === 0) yield { object, path: pathOf("spec.ipAddresses", index), message: `${JSON.stringify(address)} is no address`, fix: "as 192.0.2.1 or 2001:db8::1" };
      for (const [index, address] of (emailAddresses ?? []).entries())
        if (!/^[^\s@]+@[^\s@]+$/.test(address)) yield { object, path: pathOf("spec.emailAddresses", index), message: `${JSON.stringify(address)} is no e-mail address`, fix: "correct it" };
      const { secretName } = object.spec ?? {};
      if (secretName && !isDnsSubdomain(secretName)) yield { object, path: "spec.secretName", message: `${JSON.stringify(secretName)} is no Secret's name`, fix: "lower case letters, digits, - and ." };
      // RFC 5280's upper bound, which the webhook enforces.
      if (commonName !== undefined && commonName.length > 64) yield { object, path: "spec.commonName", message: `is ${commonName.length} characters long`, fix: "at most 64; put the host into dnsNames" };
    }
  },
});
