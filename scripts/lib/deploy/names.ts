import { readFileSync } from "node:fs";
import type { Environment } from "../../../manifests/environment.ts";

// What deploy.mts writes into clusters. Changing one of these orphans what was deployed with the old one.

/** The field manager: what a field is ours by, and what others read in a conflict. */
export const fieldManager = "deploy.mts";

/** On every object: whose it is, as {@link ownerOf} says. */
export const ownerLabel = "deploy.mts/owner";

/** On ConfigMaps and Secrets that are named by their content: the name that the manifests give them. */
export const versionOfLabel = "deploy.mts/version-of";

/** On workloads: the images as the manifests name them, by container. The containers have them by digest. */
export const tagsAnnotation = "deploy.mts/images";

/** On pods whose configuration can't be named by its content: what it is, so that they follow it. */
export const configurationAnnotation = "deploy.mts/configuration";

/** On the Secrets that hold the revisions. */
export const revisionLabel = "deploy.mts/revision";

/** How many revisions, and the ConfigMaps and Secrets that they use, are kept. */
export const revisionsKept = 10;

/**
 * @param name of package.json: two projects in one cluster must not have the same
 * @returns a label's value: `my-shop.prod`
 */
export const ownerOf = (environment: Pick<Environment, "name">, name = packageName()): string =>
  `${name.replace(/^@[^/]*\//, "")}.${environment.name}`.replace(/[^A-Za-z0-9._-]/g, "-").slice(-63).replace(/^[^A-Za-z0-9]+/, "");

const packageName = (): string => JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")).name;
