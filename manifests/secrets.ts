import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import type { IEnvVar } from "kubernetes-models/v1/EnvVar";
import { Secret } from "kubernetes-models/v1/Secret";
import type { Environment } from "./environment.ts";
import type { environments } from "./environments/index.ts";

/** One thing that must stay secret. Its value is nowhere here: `secrets` in the environment's file says where it comes from. */
export interface SecretDeclaration {
  /** What it is, for the colleague who has to find or make it. */
  readonly what: string;
  /** The services that get it. Each has one Secret, of its own name, with what it needs and no more. */
  readonly usedBy: readonly string[];
  /** @default every environment */
  readonly environments?: readonly (keyof typeof environments)[];
  /** The services also work without it. */
  readonly optional?: boolean;
  /** Where one develops, a random value does: it is written to .env when there is none. */
  readonly randomInDevelopment?: boolean;
}

// Everything that is secret, by the name of its environment variable. After an edit: npx zx scripts/secrets.mts --example
const declared = {
  VALKEY_PASSWORD: {
    what: "the password that Valkey asks for and the backend logs in with",
    usedBy: ["valkey", "backend"],
    randomInDevelopment: true,
  },
} as const satisfies Record<string, SecretDeclaration>;

type Declared = typeof declared;
export type SecretKey = keyof Declared;
type UserOf<Key extends SecretKey> = Declared[Key]["usedBy"][number];
type KeyOf<Service> = { [Key in SecretKey]: Service extends UserOf<Key> ? Key : never }[SecretKey];

/** By key, UTF-8. Read by scripts/lib/secrets.ts, never here. */
export type SecretValues = Readonly<Record<string, string>>;
export type Declarations = Readonly<Record<string, SecretDeclaration>>;
export const secretDeclarations: Declarations = declared;

/**
 * A container's reference to one of its service's secrets. A misspelt name, or one that the service does not use, does not compile.
 * @returns nothing where the environment has no such secret, so spread it: `env: [...secretEnv(environment, "backend", "VALKEY_PASSWORD")]`
 */
export const secretEnv = <Service extends UserOf<SecretKey>>(environment: Environment, service: Service, key: KeyOf<Service>): IEnvVar[] =>
  reference(environment, service, key, declared);

/** `secretEnv` for a list of any shape. */
export function reference(environment: Environment, service: string, key: string, list: Declarations): IEnvVar[] {
  const declaration = list[key];
  if (declaration && !neededIn(environment, list)[key]) return [];
  // What is not declared is referenced all the same: nothing compiles before it runs, and the checks see that it leads nowhere.
  return [{ name: key, valueFrom: { secretKeyRef: { name: service, key, ...(declaration && isOptional(environment, declaration) && { optional: true }) } } }];
}

/** @returns what of the list an environment has */
export const neededIn = ({ name }: Environment, list: Declarations = declared): Declarations =>
  Object.fromEntries(Object.entries(list).filter(([, { environments }]) => environments?.some((one) => one === name) ?? true));

/** The External Secrets Operator knows no optional keys: there, what is declared has to be in the store. */
const isOptional = ({ secrets }: Environment, { optional }: SecretDeclaration) => optional === true && secrets.from !== "externalSecrets";

/**
 * @param values when left out, the Secrets hold their keys with empty values: enough to check references, never to be applied
 * @returns one object per service: a Secret, or the ExternalSecret that the operator makes the Secret from
 */
export default (environment: Environment, values?: SecretValues, list: Declarations = declared): (Secret | ExternalSecret)[] => {
  const needed = Object.entries(neededIn(environment, list));
  const services = [...new Set(needed.flatMap(([, { usedBy }]) => usedBy))].sort();
  return services.map((service) => {
    const keys = needed.filter(([, { usedBy }]) => usedBy.includes(service)).map(([key]) => key);
    const metadata = { name: service, namespace: environment.namespace, labels: { "app.kubernetes.io/name": service } };
    const { secrets: source } = environment;
    if (source.from !== "externalSecrets") return new Secret({ metadata, type: "Opaque", data: dataOf(keys, values) });
    return new ExternalSecret({
      metadata,
      spec: {
        refreshInterval: "1h",
        secretStoreRef: source.store,
        target: { name: service, creationPolicy: "Owner" },
        data: keys.map((key) => ({ secretKey: key, remoteRef: { key: source.path, property: key } })),
      },
    });
  });
};

const dataOf = (keys: readonly string[], values: SecretValues | undefined): Record<string, string> =>
  Object.fromEntries(
    keys
      .filter((key) => values === undefined || values[key] !== undefined)
      .map((key) => [key, Buffer.from(values?.[key] ?? "", "utf8").toString("base64")]),
  );
