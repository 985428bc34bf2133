import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { prune } from "./apply.ts";
import { ownerLabel } from "./names.ts";
import { metadataOf, objectName, shownName } from "./objects.ts";
import type { PlanOptions, Step } from "./plan.ts";
import { compareFormer, namespacesOf, spareShared, versionedIn } from "./prune.ts";
import { revisionsIn, secretOf, type Revision, type Store } from "./revisions.ts";

export interface Removal {
  readonly steps: readonly Step[];
  readonly revisions: readonly Revision[];
}

/** @returns everything that revisions have made and that is still ours, each with what becomes of it; deletes nothing */
export async function planRemoval(cluster: Cluster, store: Store, options: PlanOptions): Promise<Removal> {
  const revisions = await revisionsIn(cluster, store);
  const former = await compareFormer(cluster, [], revisions, options);
  const namespaces = [...new Set([store.namespace, ...namespacesOf(revisions.flatMap(({ objects }) => objects))])];
  const configuration = (await versionedIn(cluster, namespaces, store.owner)).map((live): Step => ({ change: { action: "delete", object: objectName(live), fields: [] }, live }));
  // Why it goes is clear here.
  const steps = [...former, ...configuration, ...(await ownNamespace(cluster, store, options, former))].map((step) => ({ ...step, change: { ...step.change, ...(step.change.action === "delete" && { remark: undefined }) } }));
  return { steps: [...steps, ...(await volumes(cluster, store, steps.some((step) => takesNamespace(step, store))))], revisions };
}

/** Of an environment that was deleted before, without its data: no revision lists the namespace any more, but its label says whose it is. */
async function ownNamespace(cluster: Cluster, { owner, namespace }: Store, { pruneData }: PlanOptions, steps: readonly Step[]): Promise<Step[]> {
  if (!pruneData || steps.some(({ change: { object } }) => object.kind === "Namespace" && object.name === namespace)) return [];
  const live = await cluster.get({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  if (!live || metadataOf(live).labels?.[ownerLabel] !== owner) return [];
  return spareShared(cluster, owner, [{ change: { action: "delete", object: objectName(live), fields: [] }, live }]);
}

/** Claims that StatefulSets made: no revision lists them, and their data is what hurts most to lose. */
async function volumes(cluster: Cluster, { namespace }: Store, goWithIt: boolean): Promise<Step[]> {
  const { items } = await cluster.list({ apiVersion: "v1", kind: "PersistentVolumeClaim" }, { namespace });
  return items
    .filter(({ metadata }) => metadata.labels?.[ownerLabel] === undefined)
    .map((live) => ({ change: { action: goWithIt ? "delete" : "keep", object: objectName(live), fields: [], remark: goWithIt ? "goes with its namespace" : "it holds data" }, live }));
}

const takesNamespace = ({ change: { action, object } }: Step, { namespace }: Store) => action === "delete" && object.kind === "Namespace" && object.name === namespace;

/**
 * Deletes what the removal names, and then what deploys had noted down.
 * @param signals `locked` ends the deleting; the lock goes with its namespace, so that waiting for that end has `signal` only
 */
export async function remove(cluster: Cluster, store: Store, { steps, revisions }: Removal, { locked, signal }: { locked: AbortSignal; signal: AbortSignal }): Promise<void> {
  await prune(cluster, steps, locked);
  const namespace = steps.find((step) => takesNamespace(step, store));
  if (namespace) return waitUntilGone(cluster, namespace.live!, signal);
  await Promise.all(revisions.map((revision) => cluster.delete(secretOf(store, revision))));
}

async function waitUntilGone(cluster: Cluster, object: KubernetesObject, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + 300_000; ; await sleep(500, undefined, { signal })) {
    const present = await cluster.get(object);
    if (!present || metadataOf(present).uid !== metadataOf(object).uid) return;
    if (Date.now() < end) continue;
    const { conditions = [] } = (present["status"] ?? {}) as { conditions?: { message?: string; status: string }[] };
    throw new UserError(`${shownName(objectName(object))} is still being deleted after five minutes`, { why: conditions.filter(({ status }) => status === "True").map(({ message }) => message).join("\n") });
  }
}
