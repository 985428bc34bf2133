import { ApiError, type Cluster } from "../cluster.ts";
import type { Problem } from "../problems.ts";
import { standsFor, type KubernetesObject } from "../render.ts";
import type { FieldChange } from "./fields.ts";
import { changedFields } from "./fields.ts";
import { fieldManager, ownerLabel } from "./names.ts";
import { holdsData, identityOf, metadataOf, objectName, otherOwner, shownName, type ObjectName } from "./objects.ts";
import { appliedBy, isApplied } from "./managed.ts";
import { conflictsIn, explainRefusal, immutableFields, isImmutable, laidOver, type Conflict } from "./refusals.ts";

export type Action = "create" | "update" | "replace" | "unchanged" | "delete" | "keep";

/** What will become of one object. Safe to print and to save: no secret values. */
export interface Change {
  readonly action: Action;
  readonly object: ObjectName;
  readonly fields: readonly FieldChange[];
  /** Fields that somebody else has set to other values since. */
  readonly conflicts?: readonly Conflict[];
  /** What one should know beside: why it is replaced, kept or not checked. */
  readonly remark?: string;
}

/** A change, with what is needed to make it. */
export interface Step {
  readonly change: Change;
  /** As it is to be applied. */
  readonly wanted?: KubernetesObject;
  readonly live?: KubernetesObject;
  /** Fields are taken that nobody claims any more. */
  readonly takesOver?: boolean;
  /** Why nothing may be changed at all. */
  readonly problem?: Problem;
}

export interface PlanOptions {
  readonly owner: string;
  /** Take over fields that others have changed. */
  readonly force?: boolean;
  /** Make objects anew whose changed fields can't be changed. */
  readonly replace?: boolean;
  /** Also those that hold data. */
  readonly pruneData?: boolean;
}

/**
 * Asks the server what applying each object would do; changes nothing.
 * @param wanted what is to be there, also when its namespace or its kind's definition is among it and not there yet
 */
export async function compare(cluster: Cluster, wanted: readonly KubernetesObject[], options: PlanOptions): Promise<Step[]> {
  const [scaled, present] = await Promise.all([scaledByOthers(cluster, wanted, options.owner), ours(cluster, wanted, options.owner)]);
  return Promise.all(wanted.map((object) => compareOne(cluster, object, wanted, { ...options, scaled, present })));
}

/** What of the wanted is there and has our label, by identity: one request per kind instead of one per object. */
async function ours(cluster: Cluster, wanted: readonly KubernetesObject[], owner: string): Promise<Map<string, KubernetesObject>> {
  const kinds = new Map(wanted.map(({ apiVersion, kind, metadata: { namespace } }) => [JSON.stringify([apiVersion, kind, namespace]), { apiVersion, kind, namespace }]));
  const lists = await Promise.all(
    [...kinds.values()].map(({ namespace, ...kind }) =>
      cluster.list(kind, { namespace, labelSelector: `${ownerLabel}=${owner}` }).catch((error) => {
        // Who may get but not list is asked object by object.
        if (error instanceof ApiError && error.code === 403) return { items: [] };
        throw error;
      }),
    ),
  );
  return new Map(lists.flatMap(({ items }) => items.map((object) => [identityOf(objectName(object)), object])));
}

export const changes = (steps: readonly Step[]): Step[] => steps.filter(({ change }) => change.action !== "unchanged" && change.action !== "keep");

type Context = PlanOptions & { scaled: ReadonlySet<string>; present: ReadonlyMap<string, KubernetesObject> };

async function compareOne(cluster: Cluster, object: KubernetesObject, all: readonly KubernetesObject[], context: Context): Promise<Step> {
  const name = objectName(object);
  if (!(await cluster.resource(object))) return kindUnknown(object, all);
  const live = context.present.get(identityOf(name)) ?? (await cluster.get(object));
  if (!live) return compareNew(cluster, object, all);
  const owner = otherOwner(live, context.owner);
  if (owner !== undefined) {
    const problem = { what: `${shownName(name)} belongs to ${owner}`, why: `this deploy is ${context.owner}, and two must not write the same object`, next: "give one of them another name or namespace" };
    return { change: { action: "keep", object: name, fields: [], remark: `belongs to ${owner}` }, live, problem };
  }
  if (metadataOf(live).deletionTimestamp !== undefined) {
    const problem = { what: `${shownName(name)} is being deleted`, why: waitingFor(live), next: "try again when it is gone" };
    return { change: { action: "keep", object: name, fields: [], remark: "is being deleted" }, live, problem };
  }
  return compareWithLive(cluster, context.scaled.has(`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`) ? withoutReplicas(object, live) : object, live, context);
}

async function compareNew(cluster: Cluster, object: KubernetesObject, all: readonly KubernetesObject[]): Promise<Step> {
  const change: Change = { action: "create", object: objectName(object), fields: [] };
  try {
    await cluster.apply(object, { fieldManager, dryRun: true });
    return { change, wanted: object };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { namespace } = object.metadata;
    if (error.code === 404 && all.some(({ kind, metadata }) => kind === "Namespace" && metadata.name === namespace))
      return { change: { ...change, remark: "its namespace is new too: the server checks it when it is made" }, wanted: object };
    return { change, wanted: object, problem: explainRefusal(object, error) };
  }
}

async function compareWithLive(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject, { force = false, replace, pruneData }: Context): Promise<Step> {
  const object = objectName(wanted);
  // Most objects of most deploys: no request.
  if (isApplied(wanted, live, fieldManager)) return { change: { action: "unchanged", object, fields: [] }, wanted, live };
  const differences = (after: KubernetesObject): Change => {
    const fields = changedFields(live, after);
    return { action: fields.length > 0 ? "update" : "unchanged", object, fields };
  };
  try {
    return { change: differences(await cluster.apply(wanted, { fieldManager, force, dryRun: true })), wanted, live };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const conflicts = conflictsIn(error, live, wanted);
    // The number of pods, set by an autoscaler that is gone or goes with this deploy: those that stay were left out above.
    if (conflicts.length > 0 && conflicts.every(({ field, manager }) => field === "spec.replicas" && manager === "kube-controller-manager"))
      return { ...(await compareWithLive(cluster, wanted, live, { force: true, replace, pruneData } as Context)), takesOver: true };
    if (conflicts.length > 0) {
      const forced = await compareWithLive(cluster, wanted, live, { force: true, replace, pruneData } as Context);
      const problem: Problem = {
        what: `${shownName(object)} was changed by others`,
        why: conflicts.map(({ field, manager, live, wanted }) => `${field}: ${manager} set it to ${live}, the manifests say ${wanted}`).join("\n"),
        next: "take their values into the manifests, or take the fields over: --force-conflicts",
      };
      return { ...forced, change: { ...forced.change, conflicts }, problem };
    }
    if (!isImmutable(error)) return { change: { action: "update", object, fields: [] }, wanted, live, problem: explainRefusal(wanted, error) };
    return compareReplaced(cluster, wanted, live, error, { replace, pruneData });
  }
}

async function compareReplaced(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject, error: ApiError, { replace, pruneData }: Pick<PlanOptions, "replace" | "pruneData">): Promise<Step> {
  const object = objectName(wanted);
  const fields = immutableFields(changedFields(live, laidOver(live, wanted)), error);
  const step: Step = { change: { action: "replace", object, fields, remark: "what changes can't be changed in place: it is deleted and made anew" }, wanted, live };
  const why = fields.map(({ path }) => path).join(", ") || error.message;
  if (holdsData(wanted) && !(replace && pruneData && wanted.kind === "PersistentVolumeClaim"))
    return { ...step, problem: { what: `${shownName(object)} can't be changed so`, why: `${why}: replacing it would delete what it holds`, next: "undo that change, or use another name and move the data" } };
  const users = wanted.kind === "PersistentVolumeClaim" ? await podsWith(cluster, live) : [];
  if (users.length > 0) return { ...step, problem: { what: `${shownName(object)} is in use`, why: `by ${users.join(", ")}, and it does not go before them`, next: "scale what uses it to 0 first" } };
  if (!replace) return { ...step, problem: { what: `${shownName(object)} can't be changed so`, why: `Kubernetes never changes ${why}`, next: "undo that change, or have the object made anew: --replace" } };
  try {
    // The server says "already exists" only after it found everything else in order. So the old one is never deleted
    // for a new one that would be refused.
    await cluster.create(wanted, { dryRun: true, fieldManager });
  } catch (refusal) {
    if (!(refusal instanceof ApiError)) throw refusal;
    if (refusal.reason !== "AlreadyExists") return { ...step, problem: explainRefusal(wanted, refusal) };
  }
  return step;
}

async function podsWith(cluster: Cluster, { metadata: { name, namespace } }: KubernetesObject): Promise<string[]> {
  const { items } = await cluster.list({ apiVersion: "v1", kind: "Pod" }, { namespace });
  const users = items.filter(({ spec }) => (spec as { volumes?: { persistentVolumeClaim?: { claimName: string } }[] }).volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name));
  return users.map((pod) => shownName(objectName(pod)));
}

function kindUnknown(object: KubernetesObject, all: readonly KubernetesObject[]): Step {
  const group = object.apiVersion.split("/")[0];
  const comesToo = all.some(({ kind, spec }) => {
    const definition = spec as { group?: string; names?: { kind?: string } } | undefined;
    return kind === "CustomResourceDefinition" && definition?.group === group && definition?.names?.kind === object.kind;
  });
  const change: Change = { action: "create", object: objectName(object), fields: [], remark: comesToo ? "its definition is new too: the server checks it when it is made" : `the cluster knows no ${object.kind}` };
  if (comesToo) return { change, wanted: object };
  const next = group === "cert-manager.io" ? "install cert-manager; the local cluster gets it by: npm run setup" : `install what defines ${group}`;
  return { change, wanted: object, problem: { what: `the cluster knows no ${object.kind} of ${object.apiVersion}`, why: `${shownName(objectName(object))} needs it`, next } };
}

/** @returns workloads whose number of pods an autoscaler decides, one that is wanted or of somebody else: `Deployment prod/web` */
export async function scaledByOthers(cluster: Cluster, wanted: readonly KubernetesObject[], owner: string): Promise<Set<string>> {
  const kind = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" };
  const namespaces = [...new Set(wanted.flatMap(({ metadata: { namespace } }) => namespace ?? []))];
  const live = await Promise.all(namespaces.map(async (namespace) => (await cluster.list(kind, { namespace })).items));
  // Ours that are no longer wanted are deleted.
  const autoscalers = [...live.flat().filter(({ metadata }) => metadata.labels?.[ownerLabel] !== owner), ...wanted.filter((object) => object.kind === kind.kind)];
  return new Set(autoscalers.map(({ metadata, spec }) => {
    const { scaleTargetRef } = spec as { scaleTargetRef: { kind: string; name: string } };
    return `${scaleTargetRef.kind} ${metadata.namespace}/${scaleTargetRef.name}`;
  }));
}

/**
 * Leaves the number of pods to the autoscaler. Leaving out a field that only we own would set it to 1, so as long as we
 * do, it is applied as it is.
 */
export function withoutReplicas(object: KubernetesObject, live: KubernetesObject): KubernetesObject {
  const { replicas: _, ...spec } = object["spec"] as { replicas?: number };
  const ours = appliedBy(live, fieldManager, ".spec.replicas");
  return standsFor({ ...object, spec: ours ? { ...spec, replicas: (live["spec"] as { replicas?: number }).replicas } : spec }, object);
}

const waitingFor = (live: KubernetesObject) => {
  const { finalizers = [] } = metadataOf(live);
  return finalizers.length > 0 ? `it waits for ${finalizers.join(", ")}` : "its pods are ending";
};
