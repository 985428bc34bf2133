import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import { ClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer";
import { hosts, type Environment } from "./environment.ts";

/** The Secret that cert-manager writes and every Ingress reads. */
export const tlsSecretName = "web-tls";

/** Where certificates come from; `scripts/setup.mts` applies the local one too, to see that it issues. */
export function clusterIssuer({ issuer, ingressClass }: Environment): ClusterIssuer {
  const metadata = { name: issuer.name };
  if (issuer.kind === "ca") return new ClusterIssuer({ metadata, spec: { ca: { secretName: issuer.secretName } } });
  return new ClusterIssuer({
    metadata,
    spec: {
      acme: {
        server: issuer.server,
        email: issuer.email,
        caBundle: issuer.caBundle,
        privateKeySecretRef: { name: `${issuer.name}-account` },
        solvers: [issuer.dns01 ? { dns01: issuer.dns01 } : { http01: { ingress: { ingressClassName: ingressClass } } }],
      },
    },
  });
}

export default (environment: Environment) => [
  clusterIssuer(environment),
  new Certificate({
    metadata: { name: "web", namespace: environment.namespace },
    spec: {
      secretName: tlsSecretName,
      dnsNames: Object.values(hosts(environment)),
      issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: environment.issuer.name },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  }),
];
