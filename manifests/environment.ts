import type { IACMEChallengeSolverDNS01 } from "@kubernetes-models/cert-manager/acme.cert-manager.io/v1/ACMEChallengeSolverDNS01";

/** What differs between the places that the application runs in. Everything else is the same everywhere. */
export interface Environment {
  readonly name: string;
  /** Source is edited here: development images, commands that reload, no copies. */
  readonly development: boolean;
  /** The kubectl context to talk to; none where nothing is deployed. The current context is never used. */
  readonly context?: string;
  readonly namespace: string;
  /** The page's host; the backend answers at `backend.` before it. */
  readonly domain: string;
  /** The port that browsers reach the ingress at, when it is not 443. */
  readonly httpsPort?: number;
  /** Where the images built here are pushed to and pulled from. */
  readonly registry: string;
  /** The tag of the images built here; deploy replaces it. */
  readonly tag: string;
  readonly ingressClass: string;
  /** cert-manager's ClusterIssuer: of the local CA, or of Let's Encrypt's directory. */
  readonly issuer: LocalIssuer | AcmeIssuer;
  /** Pods of each service that can have more than one. */
  readonly replicas: number;
  /** An autoscaler goes up to so many; the cluster needs metrics-server then. @default no autoscaler */
  readonly maxReplicas?: number;
  /** STUN and TURN servers, for visitors whose browsers don't reach each other directly. Every visitor can read them. @default none */
  readonly iceServers?: readonly IceServer[];
  /** Where the values of what manifests/secrets.ts declares come from. */
  readonly secrets: SecretSource;
}

/** RTCIceServer, without the DOM's types. @see https://www.w3.org/TR/webrtc/#dom-rtciceserver */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** Paths are relative to the folder of package.json. */
export type SecretSource =
  /** A file as dotenv reads it, which git ignores. */
  | { readonly from: "dotenv"; readonly file: string }
  /** The environment variables of whoever deploys: CI's. */
  | { readonly from: "environment" }
  /** A file encrypted by SOPS, which is committed: YAML or JSON, `NAME: "value"`. */
  | { readonly from: "sops"; readonly file: string }
  /** The External Secrets Operator in the cluster fetches them: `path` is the secret in the store, each name a property of it. */
  | {
      readonly from: "externalSecrets";
      readonly store: { readonly kind: "ClusterSecretStore" | "SecretStore"; readonly name: string };
      readonly path: string;
    };

export interface LocalIssuer {
  readonly kind: "ca";
  readonly name: string;
  /** The Secret in the namespace cert-manager that holds the CA; `scripts/setup.mts` puts it there. */
  readonly secretName: string;
}

export interface AcmeIssuer {
  readonly kind: "acme";
  readonly name: string;
  readonly server: string;
  /** The account's contact. Let's Encrypt no longer warns of certificates that expire: watch them yourself. */
  readonly email: string;
  /** How DNS records prove that the names are ours, where the ingress can't be reached over HTTP. @default HTTP-01 */
  readonly dns01?: IACMEChallengeSolverDNS01;
  /** For a directory of your company's own: what vouches for it, PEM in base64. */
  readonly caBundle?: string;
}

/** @returns the public names, page first. Browsers refuse wildcards right under `localhost`, so each is listed. */
export const hosts = (environment: Environment) => ({
  page: environment.domain,
  backend: `backend.${environment.domain}`,
});

/** @returns a host's address as a browser writes it, without a slash at the end. */
export function origin(environment: Environment, host: string): string {
  const { httpsPort = 443 } = environment;
  return `https://${host}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
}

/** @returns the addresses that people open */
export const publicAddresses = (environment: Environment): string[] => Object.values(hosts(environment)).map((host) => origin(environment, host));
