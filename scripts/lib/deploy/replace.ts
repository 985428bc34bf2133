import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager } from "./names.ts";
import { metadataOf, objectName, referenceTo, shownName, type ObjectName } from "./objects.ts";

/** Kinds whose pods can outlive them, to be taken over by their successor. */
const leavesPods = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];

/**
 * Deletes an object and makes it anew, with what can't be changed in place. Pods of workloads go on serving meanwhile.
 * The plan has had the server check the new one; if it is refused all the same, the old one is put back. Once it is
 * deleted no Ctrl-C ends this. If it is killed in between, the next deploy finds the object missing and makes it.
 * @param make applies the wanted one
 */
export async function replace(cluster: Cluster, live: KubernetesObject, make: () => Promise<unknown>): Promise<void> {
  const name = shownName(objectName(live));
  await untilDeleted(cluster, live);
  try {
    await make();
  } catch (error) {
    const why = (error as Error).message;
    await cluster.create(asNew(live), { fieldManager }).catch((second: Error) => {
      throw new UserError(`${name} could not be replaced, and the old one could not be put back`, { why: `${why}\n${second.message}`, next: "mend that and deploy again, which makes it; --history has the old one", cause: error });
    });
    throw new UserError(`${name} could not be replaced; the old one was put back`, { why, cause: error });
  }
}

/**
 * Deletes, and again until it is gone: finalizers take their time, and the garbage collector a moment to orphan pods.
 * Asking by deleting, for reads end with Ctrl-C.
 */
async function untilDeleted(cluster: Cluster, live: KubernetesObject): Promise<void> {
  const options = { propagation: leavesPods.includes(live.kind) ? "Orphan" : "Background", uid: metadataOf(live).uid } as const;
  if (!(await cluster.delete(live, options))) return;
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    // Another of that name is no longer this one.
    const there = await cluster.delete(live, options).catch((error) => (error instanceof ApiError && error.code === 409 ? false : error instanceof ApiError && error.code === 0 ? true : Promise.reject(error)));
    if (!there) return;
  }
  throw new UserError(`${shownName(objectName(live))} is being deleted, but still there after a minute`, { why: metadataOf(live).finalizers?.join(", "), next: "deploy again when it is gone, which makes it anew" });
}

/** @returns an object as it could be created: without what the server had written into it */
export function asNew(live: KubernetesObject): KubernetesObject {
  const { status: _, metadata, ...rest } = structuredClone(live);
  const { name, namespace, labels, annotations, finalizers } = metadata as KubernetesObject["metadata"] & { finalizers?: string[] };
  const object = { ...rest, metadata: { name, namespace, labels, annotations, ...(finalizers && { finalizers }) } } as KubernetesObject;
  if (live.kind === "Job") withoutGeneratedSelector(object["spec"] as JobSpec);
  return object;
}

interface JobSpec {
  manualSelector?: boolean;
  selector?: unknown;
  template: { metadata?: { labels?: Record<string, string> } };
}

/** The server makes a Job's selector from its uid, and takes none from elsewhere. */
function withoutGeneratedSelector(spec: JobSpec): void {
  if (spec.manualSelector) return;
  delete spec.selector;
  for (const label of ["controller-uid", "job-name"]) for (const name of [label, `batch.kubernetes.io/${label}`]) delete spec.template.metadata?.labels?.[name];
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
