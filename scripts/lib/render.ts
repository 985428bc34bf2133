import { dump } from "js-yaml";
// Before the manifests: it notes where their objects are made.
import { keepOrigin } from "./origins.ts";
import { keepWaivers } from "../../manifests/waivers.ts";
import type { Environment } from "../../manifests/environment.ts";
import { manifests } from "../../manifests/index.ts";

/** A Kubernetes object as plain data: what kubectl reads and YAML shows. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** @returns the environment's objects as plain data, without undefined fields, in apply order */
export const render = (environment: Environment): KubernetesObject[] => manifests(environment).map(plain);

/** js-yaml refuses class instances, and a model's own toJSON leaves nested ones as they are. */
export const plain = (object: object): KubernetesObject => standsFor(JSON.parse(JSON.stringify(object)), object);

/** Says that `copy` was made from `object`: reports name the same line, and the same waivers hold. @returns the copy */
export const standsFor = <T extends object>(copy: T, object: object): T => keepWaivers(keepOrigin(copy, object), object);

/** @returns one YAML document per object; the same objects give the same bytes */
export const toYaml = (objects: readonly object[]): string =>
  objects.map((object) => `---\n${dump(object, { noRefs: true, lineWidth: -1 })}`).join("");
