import { isReady, type Facts, type Live, type Pod } from "./facts.ts";

// Which pods are of the revision that was just applied, and which are the old ones that still serve.

export interface Pods {
  /** Of the new revision, without those that are being deleted. */
  readonly current: Pod[];
  /** Of earlier revisions. */
  readonly old: Pod[];
}

/** @returns a workload's pods; none are `current` before its controller has seen the change */
export function podsOf(object: Live, facts: Facts): Pods {
  const split = (pods: Pod[], isCurrent: (pod: Pod) => boolean): Pods => ({
    current: pods.filter((pod) => isCurrent(pod) && !pod.metadata.deletionTimestamp),
    old: pods.filter((pod) => !isCurrent(pod)),
  });
  switch (object.kind) {
    case "Deployment": {
      const newest = newReplicaSet(object, facts);
      const all = facts.children(object, "ReplicaSet").flatMap((set) => facts.children<Pod>(set, "Pod"));
      return split(all, (pod) => newest !== undefined && pod.metadata.ownerReferences!.some(({ uid }) => uid === newest.metadata.uid));
    }
    case "StatefulSet": {
      const revision = seen(object) ? object.status?.updateRevision : undefined;
      return split(facts.children<Pod>(object, "Pod"), (pod) => revision !== undefined && pod.metadata.labels?.["controller-revision-hash"] === revision);
    }
    case "DaemonSet": {
      // Kubernetes has no better mark of a DaemonSet's newest pods, deprecated or not: kubectl reads the same.
      const revision = seen(object) ? object.metadata.annotations?.["deprecated.daemonset.template.generation"] : undefined;
      return split(facts.children<Pod>(object, "Pod"), (pod) => revision !== undefined && pod.metadata.labels?.["pod-template-generation"] === revision);
    }
    case "Job":
      return split(facts.children<Pod>(object, "Pod"), () => true);
    case "Pod":
      // Without a status it is what was applied: the pod is gone.
      return { current: object.status ? [object as Pod] : [], old: [] };
    default:
      return { current: [], old: [] };
  }
}

const seen = ({ metadata, status }: Live) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** @returns the ReplicaSet of the Deployment's template as it is now; the Deployment's controller names it by its number */
export function newReplicaSet(deployment: Live, facts: Facts): Live | undefined {
  const revision = deployment.metadata.annotations?.["deployment.kubernetes.io/revision"];
  if (!seen(deployment) || revision === undefined) return undefined;
  return facts.children(deployment, "ReplicaSet").find(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"] === revision);
}

/** What serves although the rollout fails; undefined when there was no earlier revision. */
export interface OldVersion {
  readonly ready: number;
  readonly of: number;
}

export function oldVersion(object: Live, facts: Facts): OldVersion | undefined {
  const old = podsOf(object, facts).old.filter((pod) => !pod.metadata.deletionTimestamp);
  return old.length === 0 ? undefined : { ready: old.filter(isReady).length, of: old.length };
}
