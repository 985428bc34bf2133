import type { Cluster } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { ownerLabel, revisionLabel, revisionsKept, versionOfLabel } from "./names.ts";
import { holdsData, identityOf, metadataOf, objectName, referenceTo, shownName, type ObjectName } from "./objects.ts";
import type { PlanOptions, Step } from "./plan.ts";
import type { Revision } from "./revisions.ts";

/** Finds what former revisions made and the wanted objects don't have, but for configuration that is named by its content. */
export async function compareFormer(cluster: Cluster, wanted: readonly KubernetesObject[], revisions: readonly Revision[], options: PlanOptions): Promise<Step[]> {
  const former = await Promise.all(formerObjects(wanted, revisions).map((name) => cluster.get(referenceTo(name))));
  return spareShared(cluster, options.owner, former.flatMap((live) => (live ? (compareFormerOne(live, options) ?? []) : [])));
}

/**
 * Finds configuration that no revision uses any more which is still kept after this deploy.
 * @param revisions the newest first
 * @param another whether this deploy adds one, so that the oldest will go
 */
export async function compareConfiguration(cluster: Cluster, wanted: readonly KubernetesObject[], revisions: readonly Revision[], owner: string): Promise<(another: boolean) => Step[]> {
  const configuration = await versionedIn(cluster, namespacesOf([...wanted, ...revisions.flatMap(({ objects }) => objects)]), owner);
  return (another) => {
    const kept = revisions.slice(0, another ? revisionsKept - 1 : revisionsKept);
    const used = new Set([...wanted, ...kept.flatMap(({ objects }) => objects)].map((object) => identityOf(objectName(object))));
    const unused = configuration.filter((object) => !used.has(identityOf(objectName(object))));
    return unused.map((live) => ({ change: { action: "delete", object: objectName(live), fields: [], remark: `none of the last ${revisionsKept} revisions uses it` }, live }));
  };
}

/** Names that revisions have and the wanted objects don't, but for versioned configuration. */
function formerObjects(wanted: readonly KubernetesObject[], revisions: readonly Revision[]): ObjectName[] {
  const names = new Map<string, ObjectName>();
  for (const object of revisions.flatMap(({ objects }) => objects))
    if (object.metadata.labels?.[versionOfLabel] === undefined) names.set(identityOf(objectName(object)), objectName(object));
  for (const object of wanted) names.delete(identityOf(objectName(object)));
  return [...names.values()];
}

function compareFormerOne(live: KubernetesObject, { owner, pruneData }: PlanOptions): Step | undefined {
  const { labels = {}, deletionTimestamp } = metadataOf(live);
  const object = objectName(live);
  // Whoever took the label off, or put another on, has it now.
  if (labels[ownerLabel] !== owner || deletionTimestamp !== undefined) return undefined;
  if (holdsData(live) && !pruneData) return { change: { action: "keep", object, fields: [], remark: "no longer in the manifests; it holds data, which --prune-data would delete" }, live };
  return { change: { action: "delete", object, fields: [], remark: "no longer in the manifests" }, live };
}

/** @returns ConfigMaps and Secrets that are named by their content, whatever revision made them */
export async function versionedIn(cluster: Cluster, namespaces: readonly string[], owner: string): Promise<KubernetesObject[]> {
  const kinds = ["ConfigMap", "Secret"].map((kind) => ({ apiVersion: "v1", kind }));
  const lists = await Promise.all(kinds.flatMap((kind) => namespaces.map((namespace) => cluster.list(kind, { namespace, labelSelector: `${ownerLabel}=${owner},${versionOfLabel}` }))));
  return lists.flatMap(({ items }) => items).filter(({ metadata }) => metadata.labels?.[revisionLabel] === undefined);
}

export const namespacesOf = (objects: readonly KubernetesObject[]): string[] => [...new Set(objects.flatMap(({ metadata: { namespace } }) => namespace ?? []))];

/** A namespace takes everything in it along, and a definition every object of its kind: they stay while others rely on them. */
export async function spareShared(cluster: Cluster, owner: string, steps: readonly Step[]): Promise<Step[]> {
  return Promise.all(
    steps.map(async (step) => {
      if (step.change.action !== "delete" || !["Namespace", "CustomResourceDefinition"].includes(step.change.object.kind)) return step;
      const others = await othersIn(cluster, step.live!, owner);
      return others.length === 0 ? step : { ...step, change: { ...step.change, action: "keep" as const, remark: `others use it: ${others.map((object) => shownName(objectName(object))).join(", ")}` } };
    }),
  );
}

const workloads = {
  "apps/v1": ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  "batch/v1": ["Job", "CronJob"],
  v1: ["Pod"],
};

/** @returns workloads in a namespace, or objects of a definition, that are not of this owner */
async function othersIn(cluster: Cluster, { kind, metadata, spec }: KubernetesObject, owner: string): Promise<KubernetesObject[]> {
  const { group, names, versions } = (spec ?? {}) as { group?: string; names?: { kind: string }; versions?: { name: string; served: boolean }[] };
  const kinds =
    kind === "Namespace"
      ? Object.entries(workloads).flatMap(([apiVersion, kinds]) => kinds.map((kind) => ({ apiVersion, kind })))
      : [{ apiVersion: `${group}/${versions!.find(({ served }) => served)?.name}`, kind: names!.kind }];
  const lists = await Promise.all(kinds.map((one) => cluster.list(one, kind === "Namespace" ? { namespace: metadata.name } : {})));
  // Those that a workload made are spoken for by it.
  const tops = lists.flatMap(({ items }) => items).filter((object) => !kinds.some((one) => one.kind === controllerOf(object)?.kind));
  const ours = await Promise.all(tops.map((object) => isOurs(cluster, object, owner)));
  return tops.filter((_, index) => !ours[index]);
}

const controllerOf = (object: KubernetesObject) => metadataOf(object).ownerReferences?.find(({ controller }) => controller);

/** Whether an object, or what it was made for by an operator, carries our label. */
async function isOurs(cluster: Cluster, object: KubernetesObject, owner: string): Promise<boolean> {
  if (metadataOf(object).labels?.[ownerLabel] === owner) return true;
  const maker = controllerOf(object);
  const live = maker && (await cluster.get({ apiVersion: maker.apiVersion, kind: maker.kind, metadata: { name: maker.name, namespace: object.metadata.namespace } }));
  return live !== undefined && isOurs(cluster, live, owner);
}
