import { ApiError, type Cluster } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { changedFields, masked } from "./fields.ts";
import { addedByHand, managersOf, valueAt } from "./managed.ts";
import { fieldManager } from "./names.ts";
import { objectName, type ObjectName } from "./objects.ts";
import { scaledByOthers, withoutReplicas } from "./plan.ts";
import { explainRefusal } from "./refusals.ts";
import { changedKeys, type Revision } from "./revisions.ts";

export interface DriftedField {
  readonly path: string;
  /** As deployed; undefined: it was not there. */
  readonly from?: unknown;
  /** As it is now. */
  readonly to?: unknown;
  /** Who has changed it, the last one first. */
  readonly managers: readonly string[];
}
export interface Drift {
  readonly object: ObjectName;
  readonly fields: readonly DriftedField[];
  /** Instead of fields: it is gone, or can't be compared. */
  readonly remark?: string;
}

/** @returns what is no longer as a revision deployed it: fields that others have changed, removed or added, and objects that are gone */
export async function driftSince(cluster: Cluster, revision: Revision, owner: string): Promise<Drift[]> {
  const scaled = await scaledByOthers(cluster, revision.objects, owner);
  const drifts = await Promise.all(revision.objects.map((object) => driftOf(cluster, revision, object, scaled)));
  return drifts.filter(({ fields, remark }) => fields.length > 0 || remark !== undefined);
}

async function driftOf(cluster: Cluster, revision: Revision, deployed: KubernetesObject, scaled: ReadonlySet<string>): Promise<Drift> {
  const object = objectName(deployed);
  const live = await cluster.get(deployed);
  if (!live) return { object, fields: [], remark: "is gone" };
  if (deployed.kind === "Secret") return { object, fields: changedKeys(revision, live).map((key) => ({ path: `data.${key}`, from: masked, to: masked, managers: managersOf(live, `.data["${key}"]`) })) };
  const isScaled = scaled.has(`${object.kind} ${object.namespace}/${object.name}`);
  try {
    const restored = await cluster.apply(isScaled ? withoutReplicas(deployed, live) : deployed, { fieldManager, force: true, dryRun: true });
    const changed = changedFields(live, restored).map(({ path, from, to }) => ({ path, ...(to !== undefined && { from: to }), ...(from !== undefined && { to: from }), managers: managersOf(live, path).filter((manager) => manager !== fieldManager) }));
    const added = addedByHand(live, fieldManager)
      // What we set, others have only changed.
      .filter(({ path }) => valueAt(deployed, path) === undefined)
      .map(({ path, manager }) => ({ path, to: valueAt(live, path), managers: [manager] }));
    return { object, fields: [...changed, ...added] };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { object, fields: [], remark: `can't be compared: ${explainRefusal(deployed, error).why}` };
  }
}
