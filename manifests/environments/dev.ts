import type { Environment } from "../environment.ts";

/** The kind cluster that `scripts/setup.mts` makes; its name and ports are those of kind-config.yaml. */
export const dev: Environment = {
  name: "dev",
  development: true,
  context: "kind-dev",
  namespace: "dev",
  domain: "dev.localhost",
  httpsPort: 443,
  registry: "127.0.0.1:5001",
  tag: "dev",
  ingressClass: "nginx",
  issuer: { kind: "ca", name: "local-ca", secretName: "local-ca" },
  replicas: 1,
  secrets: { from: "dotenv", file: ".env" },
};
