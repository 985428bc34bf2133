import { createHmac, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager, ownerLabel, revisionLabel, revisionsKept } from "./names.ts";
import type { Leftover } from "./replace.ts";
import { identityOf, objectName } from "./objects.ts";

// What was deployed, kept where it was deployed: who, when, from what, with what result, and every object as it was
// applied. One Secret each (there are people who may read ConfigMaps only), compressed; a Secret takes 1 MiB, and 800
// objects of usual size take about 100 kB. Values of Secrets are not in it: of them it has keys and fingerprints, made
// with a random key so that nobody can look them up.

export type Result = "deploying" | "succeeded" | "failed" | "interrupted";

export interface Revision {
  readonly number: number;
  readonly at: string;
  readonly by: string;
  readonly commit?: string;
  /** What a clone of that commit lacks: "3 files not committed". */
  readonly beside?: string;
  readonly result: Result;
  /** One line: why it failed, or what was undone. */
  readonly remark?: string;
  readonly rollbackTo?: number;
  /** By what the manifests call it. */
  readonly images: Readonly<Record<string, string>>;
  /** As applied; Secrets without values. */
  readonly objects: readonly KubernetesObject[];
  readonly fingerprints: Fingerprints;
  /** What replaced workloads left running, to be ended when their successors serve. */
  readonly leftovers?: readonly Leftover[];
}

/** Of each Secret's values, by identity and key. */
interface Fingerprints {
  readonly salt: string;
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Store {
  readonly owner: string;
  readonly namespace: string;
  /** Of the environment: part of the Secrets' names. */
  readonly name: string;
}

const dataKey = "revision.json.gz";

/** @returns what is kept, the newest first */
export async function revisionsIn(cluster: Cluster, { owner, namespace }: Store): Promise<Revision[]> {
  const { items } = await cluster.list({ apiVersion: "v1", kind: "Secret" }, { namespace, labelSelector: `${ownerLabel}=${owner},${revisionLabel}` });
  return items.map((secret) => read(secret)).sort((a, b) => b.number - a.number);
}

function read(secret: KubernetesObject): Revision {
  try {
    return JSON.parse(gunzipSync(Buffer.from((secret["data"] as Record<string, string>)[dataKey]!, "base64")).toString("utf8"));
  } catch (error) {
    throw new UserError(`the revision in Secret ${secret.metadata.namespace}/${secret.metadata.name} can't be read`, {
      why: (error as Error).message,
      next: "delete that Secret to go on without it; nothing else is lost by that",
    });
  }
}

export type NewRevision = Omit<Revision, "number" | "result" | "objects" | "fingerprints" | "at"> & { objects: readonly KubernetesObject[] };

/**
 * Writes down what is about to be applied, before anything is.
 * @throws UserError when somebody else took the number: two deploys at once
 */
export async function begin(cluster: Cluster, store: Store, last: number, given: NewRevision): Promise<Revision> {
  const salt = randomBytes(16).toString("hex");
  const revision: Revision = {
    ...given,
    number: last + 1,
    at: new Date().toISOString(),
    result: "deploying",
    objects: given.objects.map(withoutValues),
    fingerprints: { salt, values: fingerprintsOf(given.objects, salt) },
  };
  try {
    await cluster.create(secretOf(store, revision), { fieldManager });
    return revision;
  } catch (error) {
    if (error instanceof ApiError && error.reason === "AlreadyExists")
      throw new UserError(`revision ${revision.number} was begun by somebody else in this moment`, { next: "look at the plan again" });
    throw error;
  }
}

/** What going back means when nobody says how far. @param revisions the newest first, one at least */
export function revisionBefore([latest, ...earlier]: readonly Revision[]): Revision | undefined {
  const { result, rollbackTo } = latest!;
  const succeeded = earlier.filter((revision) => revision.result === "succeeded");
  if (rollbackTo === undefined) return succeeded[0];
  // One that did not come to its end is begun again.
  if (result !== "succeeded") return earlier.find(({ number }) => number === rollbackTo);
  // Once more means further back than what runs now, which may have come by several ways back.
  let origin = rollbackTo;
  for (const revision of earlier) if (revision.number === origin) origin = revision.rollbackTo ?? origin;
  return succeeded.find((revision) => revision.number < origin && revision.rollbackTo === undefined);
}

/** @returns whether a revision is of these objects and images, values of Secrets included */
export function isOf(revision: Revision, goal: { objects: readonly KubernetesObject[]; images: Revision["images"] }): boolean {
  const asKept = JSON.parse(JSON.stringify({ objects: goal.objects.map(withoutValues), images: goal.images })) as object;
  const secrets = goal.objects.filter(({ kind }) => kind === "Secret");
  return isDeepStrictEqual({ objects: revision.objects, images: revision.images }, asKept) && secrets.every((secret) => changedKeys(revision, secret).length === 0);
}

/** Writes down how it ended. */
export async function finish(cluster: Cluster, store: Store, revision: Revision, result: Result, remark?: string): Promise<Revision> {
  const { remark: _, ...rest } = revision;
  const finished = { ...rest, result, ...(remark !== undefined && { remark }) };
  await cluster.update(secretOf(store, finished), { fieldManager });
  return finished;
}

/** Deletes those that are too old to be kept. @param revisions the newest first */
export async function forgetOld(cluster: Cluster, store: Store, revisions: readonly Revision[]): Promise<void> {
  await Promise.all(revisions.slice(revisionsKept).map((revision) => cluster.delete(secretOf(store, revision))));
}

/** The Secret that holds a revision: also what to delete. */
export const secretOf = ({ owner, namespace, name }: Store, revision: Revision): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: `deploy-${name}-${revision.number}`, namespace, labels: { [ownerLabel]: owner, [revisionLabel]: String(revision.number) } },
  type: "deploy.mts/revision",
  data: { [dataKey]: gzipSync(JSON.stringify(revision)).toString("base64") },
});

/** @returns a Secret with its keys, without a value; any other object as it is */
export const withoutValues = (object: KubernetesObject): KubernetesObject =>
  object.kind === "Secret" ? { ...object, data: Object.fromEntries(Object.keys((object["data"] ?? {}) as object).map((key) => [key, ""])) } : object;

function fingerprintsOf(objects: readonly KubernetesObject[], salt: string): Fingerprints["values"] {
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  return Object.fromEntries(secrets.map((secret) => [identityOf(objectName(secret)), valueFingerprints(secret, salt)]));
}

const valueFingerprints = (secret: KubernetesObject, salt: string) =>
  Object.fromEntries(Object.entries((secret["data"] ?? {}) as Record<string, string>).map(([key, value]) => [key, createHmac("sha256", salt).update(Buffer.from(value, "base64")).digest("base64url")]));

/** @returns the keys of a live Secret whose values are not those that the revision applied */
export function changedKeys(revision: Revision, live: KubernetesObject): string[] {
  const { salt, values } = revision.fingerprints;
  const then = values[identityOf(objectName(live))] ?? {};
  const now = valueFingerprints(live, salt);
  return [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((key) => then[key] !== now[key]).sort();
}
