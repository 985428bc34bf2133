import certificates from "./certificates.ts";
import type { Environment } from "./environment.ts";
import ingress from "./ingress.ts";
import namespace from "./namespace.ts";
import backend from "./services/backend.ts";
import landingPage from "./services/landing-page.ts";
import signaling from "./services/signaling.ts";
import valkey from "./services/valkey.ts";

/** @returns every object of an environment, in the order in which they are applied. */
export const manifests = (environment: Environment) => [
  ...namespace(environment),
  ...certificates(environment),
  ...valkey(environment),
  ...signaling(environment),
  ...backend(environment),
  ...landingPage(environment),
  ...ingress(environment),
];
