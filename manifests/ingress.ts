import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { tlsSecretName } from "./certificates.ts";
import { hosts, type Environment } from "./environment.ts";

const everything = (service: string) => ({
  paths: [{ path: "/", pathType: "Prefix" as const, backend: { service: { name: service, port: { name: "http" } } } }],
});
const redirect = { "nginx.ingress.kubernetes.io/force-ssl-redirect": "true" };
// The page names files of its own build: during an update, pods of another build don't have them. So whoever got the
// page from a pod gets the files there too. In development there is one pod, which serves sources.
const onePod = {
  "nginx.ingress.kubernetes.io/affinity": "cookie",
  "nginx.ingress.kubernetes.io/session-cookie-name": "page-pod",
  // By default a pod that died is asked again and again, until the controller has heard of it.
  "nginx.ingress.kubernetes.io/session-cookie-change-on-failure": "true",
};

export default (environment: Environment) => {
  const { namespace, development, ingressClass: ingressClassName } = environment;
  const { page, backend } = hosts(environment);
  return [
    new Ingress({
      metadata: { name: "web", namespace, annotations: { ...redirect, ...(!development && onePod) } },
      spec: {
        ingressClassName,
        tls: [{ hosts: [page], secretName: tlsSecretName }],
        rules: [{ host: page, http: everything("landing-page") }],
      },
    }),
    // Of its own, because annotations hold for all of an Ingress: requests to the backend may go to any pod.
    new Ingress({
      metadata: { name: "backend", namespace, annotations: redirect },
      spec: {
        ingressClassName,
        tls: [{ hosts: [backend], secretName: tlsSecretName }],
        rules: [{ host: backend, http: everything("backend") }],
      },
    }),
  ];
};
