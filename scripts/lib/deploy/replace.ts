import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager } from "./names.ts";
import { metadataOf, objectName, referenceTo, shownName, type ObjectName } from "./objects.ts";

/** Kinds whose pods can outlive them, to be taken over by their successor. */
const leavesPods = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];

/**
 * Deletes an object and makes it anew, with what can't be changed in place. Pods of workloads go on serving meanwhile.
 * The plan has had the server check the new one; if it is refused all the same, the old one is put back. If this is
 * killed in between, the next deploy finds the object missing and makes it.
 */
export async function replace(cluster: Cluster, live: KubernetesObject, wanted: KubernetesObject): Promise<KubernetesObject> {
  const { uid } = metadataOf(live);
  await cluster.delete(live, { propagation: leavesPods.includes(live.kind) ? "Orphan" : "Background", uid });
  await gone(cluster, live);
  try {
    return await cluster.apply(wanted, { fieldManager });
  } catch (error) {
    await cluster.create(asNew(live), { fieldManager });
    throw new UserError(`${shownName(objectName(live))} could not be replaced; the old one was put back`, { why: (error as Error).message, cause: error });
  }
}

/** Waits until finalizers let an object go; deleting with orphans takes the garbage collector a moment. */
async function gone(cluster: Cluster, { apiVersion, kind, metadata }: KubernetesObject): Promise<void> {
  const { uid } = metadata as { uid?: string };
  const reference = referenceTo(objectName({ apiVersion, kind, metadata }));
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const present = await cluster.get(reference);
    if (!present || metadataOf(present).uid !== uid) return;
    if (Date.now() > end) throw new UserError(`${shownName(objectName(present))} is being deleted, but still there after a minute`, { why: metadataOf(present).finalizers?.join(", ") });
  }
}

/** @returns an object as it could be created: without what the server had written into it */
export function asNew(live: KubernetesObject): KubernetesObject {
  const { status: _, metadata, ...rest } = live;
  const { name, namespace, labels, annotations, finalizers } = metadata as KubernetesObject["metadata"] & { finalizers?: string[] };
  return { ...rest, metadata: { name, namespace, labels, annotations, ...(finalizers && { finalizers }) } } as KubernetesObject;
}

/** What a workload that is replaced leaves running. */
export interface Leftover {
  readonly object: ObjectName;
  readonly uid: string;
}

/** @returns the ReplicaSets or pods that a workload has, to be noted down before it is replaced */
export async function leftoversOf(cluster: Cluster, workload: KubernetesObject): Promise<Leftover[]> {
  if (!leavesPods.includes(workload.kind)) return [];
  const kind = workload.kind === "Deployment" ? { apiVersion: "apps/v1", kind: "ReplicaSet" } : { apiVersion: "v1", kind: "Pod" };
  const { items } = await cluster.list(kind, { namespace: workload.metadata.namespace });
  const owned = items.filter((item) => metadataOf(item).ownerReferences?.some(({ uid }) => uid === metadataOf(workload).uid));
  return owned.map((item) => ({ object: objectName(item), uid: metadataOf(item).uid! }));
}

/** Ends those that no successor took over, because it selects others. Called when the new pods are ready. */
export async function endLeftovers(cluster: Cluster, leftovers: readonly Leftover[]): Promise<void> {
  await Promise.all(
    leftovers.map(async ({ object, uid }) => {
      const present = await cluster.get(referenceTo(object));
      if (present && metadataOf(present).uid === uid && !metadataOf(present).ownerReferences?.length) await cluster.delete(present, { uid });
    }),
  );
}
