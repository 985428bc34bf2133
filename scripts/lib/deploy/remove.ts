import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { prune } from "./apply.ts";
import { ownerLabel } from "./names.ts";
import { metadataOf, objectName, shownName } from "./objects.ts";
import type { PlanOptions, Step } from "./plan.ts";
import { compareFormer, versionedIn } from "./prune.ts";
import { revisionsIn, secretOf, type Revision, type Store } from "./revisions.ts";

export interface Removal {
  readonly steps: readonly Step[];
  readonly revisions: readonly Revision[];
}

/** @returns everything that revisions have made and that is still ours, each with what becomes of it; deletes nothing */
export async function planRemoval(cluster: Cluster, store: Store, options: PlanOptions): Promise<Removal> {
  const revisions = await revisionsIn(cluster, store);
  const former = await compareFormer(cluster, [], revisions, options);
  const configuration = (await versionedIn(cluster, [store.namespace], store.owner)).map((live): Step => ({ change: { action: "delete", object: objectName(live), fields: [] }, live }));
  // Why it goes is clear here.
  const steps = [...former, ...configuration].map((step) => ({ ...step, change: { ...step.change, ...(step.change.action === "delete" && { remark: undefined }) } }));
  const rest = [...(await ownNamespace(cluster, store, options, steps)), ...(await volumes(cluster, store, options))];
  return { steps: await spareNamespaces(cluster, store, [...steps, ...rest]), revisions };
}

/** Of an environment that was deleted before, without its data: no revision lists the namespace any more, but its label says whose it is. */
async function ownNamespace(cluster: Cluster, { owner, namespace }: Store, { pruneData }: PlanOptions, steps: readonly Step[]): Promise<Step[]> {
  if (!pruneData || steps.some(({ change: { object } }) => object.kind === "Namespace" && object.name === namespace)) return [];
  const live = await cluster.get({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  if (!live || metadataOf(live).labels?.[ownerLabel] !== owner) return [];
  return [{ change: { action: "delete", object: objectName(live), fields: [] }, live }];
}

/** Claims that StatefulSets made: no revision lists them, and their data is what hurts most to lose. */
async function volumes(cluster: Cluster, { namespace }: Store, { pruneData }: PlanOptions): Promise<Step[]> {
  const { items } = await cluster.list({ apiVersion: "v1", kind: "PersistentVolumeClaim" }, { namespace });
  return items
    .filter(({ metadata }) => metadata.labels?.[ownerLabel] === undefined)
    .map((live) => ({ change: { action: "keep", object: objectName(live), fields: [], remark: pruneData ? "goes with its namespace, if that goes" : "it holds data" }, live }));
}

/** A namespace takes everything in it along: it stays while others have workloads there. */
async function spareNamespaces(cluster: Cluster, { owner }: Store, steps: readonly Step[]): Promise<Step[]> {
  return Promise.all(
    steps.map(async (step) => {
      if (step.change.action !== "delete" || step.change.object.kind !== "Namespace") return step;
      const others = await othersIn(cluster, step.change.object.name, owner);
      return others.length === 0 ? step : { ...step, change: { ...step.change, action: "keep" as const, remark: `others use it: ${others.map((object) => shownName(objectName(object))).join(", ")}` } };
    }),
  );
}

async function othersIn(cluster: Cluster, namespace: string, owner: string): Promise<KubernetesObject[]> {
  const kinds = [...["Deployment", "StatefulSet", "DaemonSet"].map((kind) => ({ apiVersion: "apps/v1", kind })), ...["Job", "CronJob"].map((kind) => ({ apiVersion: "batch/v1", kind })), { apiVersion: "v1", kind: "Pod" }];
  const lists = await Promise.all(kinds.map((kind) => cluster.list(kind, { namespace })));
  return lists.flatMap(({ items }) => items).filter((object) => metadataOf(object).labels?.[ownerLabel] !== owner && !metadataOf(object).ownerReferences?.length);
}

/** Deletes what the removal names, and then what deploys had noted down. */
export async function remove(cluster: Cluster, store: Store, { steps, revisions }: Removal, signal: AbortSignal): Promise<void> {
  await prune(cluster, steps, signal);
  const namespace = steps.find(({ change: { action, object } }) => action === "delete" && object.kind === "Namespace" && object.name === store.namespace);
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
