import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { tlsSecretName } from "./certificates.ts";
import { hosts, type Environment } from "./environment.ts";

const everything = (service: string) => ({
  paths: [{ path: "/", pathType: "Prefix" as const, backend: { service: { name: service, port: { name: "http" } } } }],
});

export default (environment: Environment) => {
  const { page, backend } = hosts(environment);
  return [
    new Ingress({
      metadata: {
        name: "web",
        namespace: environment.namespace,
        annotations: {
          "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
          // WebSockets stay open while nothing is said; nginx would end them after 60 s.
          "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
          "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
        },
      },
      spec: {
        ingressClassName: environment.ingressClass,
        tls: [{ hosts: [page, backend], secretName: tlsSecretName }],
        rules: [
          { host: page, http: everything("landing-page") },
          { host: backend, http: everything("backend") },
        ],
      },
    }),
  ];
};
