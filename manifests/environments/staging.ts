import type { Environment } from "../environment.ts";
import { prod } from "./prod.ts";

/** Production in small: its images, its settings, certificates of Let's Encrypt's staging directory. */
export const staging: Environment = {
  ...prod,
  name: "staging",
  context: "staging",
  namespace: "staging",
  domain: "staging.example.com",
  issuer: {
    kind: "acme",
    name: "letsencrypt-staging",
    server: "https://acme-staging-v02.api.letsencrypt.org/directory",
    email: "platform@example.com",
  },
  replicas: 2,
  maxReplicas: 4,
};
