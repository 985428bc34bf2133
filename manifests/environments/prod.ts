import type { Environment } from "../environment.ts";

/** Replace context, domain, registry and e-mail by yours. */
export const prod: Environment = {
  name: "prod",
  development: false,
  context: "prod",
  namespace: "prod",
  domain: "example.com",
  registry: "registry.example.com/team",
  tag: "0.1.0",
  ingressClass: "nginx",
  issuer: {
    kind: "acme",
    name: "letsencrypt",
    server: "https://acme-v02.api.letsencrypt.org/directory",
    email: "platform@example.com",
  },
  replicas: 3,
  maxReplicas: 12,
  // Or { from: "sops", file: "secrets/prod.yaml" }, and more: docs/production.md
  secrets: { from: "environment" },
};
