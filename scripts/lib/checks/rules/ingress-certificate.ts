import { keysOf } from "../config.ts";
import { covers } from "../hosts.ts";
import { namespaceOf } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "ingress-certificate",
  group: "references",
  why: "An Ingress whose TLS Secret nobody writes, or whose certificate is for other hosts, shows a warning in every browser.",
  *check(objects) {
    for (const object of objects.of("Ingress")) {
      const namespace = namespaceOf(object);
      // cert-manager makes a Certificate by itself for an Ingress that is annotated so.
      const isAnnotated = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme"].some((key) => object.metadata.annotations?.[key]);
      if (isAnnotated) continue;
      for (const [index, { hosts = [], secretName }] of (object.spec?.tls ?? []).entries()) {
        if (!secretName) continue;
        const certificates = objects.of("Certificate", namespace);
        const certificate = certificates.find(({ spec }) => spec?.secretName === secretName);
        if (!certificate) {
          if (!keysOf(objects, "Secret", namespace, secretName))
            yield {
              object,
              path: pathOf("spec.tls", index, "secretName"),
              message: `nobody makes a Secret ${secretName}${suggestion(secretName, certificates.flatMap(({ spec }) => spec?.secretName ?? []))}`,
              fix: "use a Certificate's spec.secretName",
            };
          continue;
        }
        const { dnsNames = [], commonName } = certificate.spec ?? {};
        const names = [...dnsNames, ...(commonName ? [commonName] : [])];
        for (const [number, host] of hosts.entries())
          if (!names.some((name) => covers(name, host)))
            yield { object, path: pathOf("spec.tls", index, "hosts", number), message: `Certificate ${certificate.metadata.name} is not for ${host}${suggestion(host, names)}`, fix: "add it to the Certificate's dnsNames" };
      }
    }
    for (const object of objects.of("Certificate")) {
      const namespace = namespaceOf(object);
      const used = objects.of("Ingress", namespace).flatMap(({ spec }) => spec?.tls ?? []).filter(({ secretName }) => secretName === object.spec?.secretName);
      const hosts = used.flatMap(({ hosts }) => hosts ?? []);
      if (hosts.length === 0) continue;
      for (const [index, name] of (object.spec?.dnsNames ?? []).entries())
        if (!hosts.some((host) => covers(name, host) || host === name))
          yield { object, severity: "warning", path: pathOf("spec.dnsNames", index), message: `no Ingress that uses this certificate serves ${name}`, fix: "remove it, or add the host to the Ingress" };
    }
  },
});
