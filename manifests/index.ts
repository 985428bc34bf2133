import certificates from "./certificates.ts";
import type { Environment } from "./environment.ts";
import ingress from "./ingress.ts";
import namespace from "./namespace.ts";
import networkPolicies from "./network-policies.ts";
import secrets, { type SecretValues } from "./secrets.ts";
import backend from "./services/backend.ts";
import landingPage from "./services/landing-page.ts";
import signaling from "./services/signaling.ts";
import valkey from "./services/valkey.ts";

/**
 * @param values of the secrets; without them the objects are for checks and for reading, not for a cluster
 * @returns every object of an environment, in the order in which they are applied.
 */
export const manifests = (environment: Environment, values?: SecretValues) => {
  const application = [
    ...certificates(environment),
    ...secrets(environment, values),
    ...valkey(environment),
    ...signaling(environment),
    ...backend(environment),
    ...landingPage(environment),
    ...ingress(environment),
  ];
  return [...namespace(environment), ...networkPolicies(environment, application), ...application];
};
