import { dump } from "js-yaml";
// Before the manifests: it notes where their objects are made.
import { keepOrigin } from "./origins.ts";
import { keepWaivers } from "../../manifests/waivers.ts";
import type { Environment } from "../../manifests/environment.ts";
import { manifests } from "../../manifests/index.ts";
import type { SecretValues } from "../../manifests/secrets.ts";

/** A Kubernetes object as plain data: what kubectl reads and YAML shows. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/**
 * @param values of `secretValues`, for what is applied or run; without them Secrets hold empty values, for checks
 * @returns the environment's objects as plain data, without undefined fields, in apply order
 */
export const render = (environment: Environment, values?: SecretValues): KubernetesObject[] => manifests(environment, values).map(plain);

/** js-yaml refuses class instances, and a model's own toJSON leaves nested ones as they are. */
export const plain = (object: object): KubernetesObject => standsFor(JSON.parse(JSON.stringify(object)), object);

/** Says that `copy` was made from `object`: reports name the same line, and the same waivers hold. @returns the copy */
export const standsFor = <T extends object>(copy: T, object: object): T => keepWaivers(keepOrigin(copy, object), object);

/**
 * @returns one YAML document per object; the same objects give the same bytes. Of a Secret only a comment is left, so
 * that no value is ever printed, and applying what was printed can't empty one.
 */
export const toYaml = (objects: readonly object[]): string => objects.map(documentOf).join("");

function documentOf(object: object): string {
  const { apiVersion, kind, metadata, data, stringData } = object as KubernetesObject;
  if (apiVersion !== "v1" || kind !== "Secret") return `---\n${dump(object, { noRefs: true, lineWidth: -1 })}`;
  const keys = Object.keys({ ...(data as object), ...(stringData as object) });
  return `# Secret ${metadata.namespace}/${metadata.name} with ${keys.join(", ")}: not printed\n`;
}
