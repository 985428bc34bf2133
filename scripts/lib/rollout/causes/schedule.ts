import { condition, lastSeen, type Event, type Facts, type Live, type Pod } from "../facts.ts";
import type { Suspicion } from "../suspicion.ts";

// Pods that no node takes, and volumes that nobody makes.

/** The scheduler tries again whenever something changes; what ends by itself (a pod that is going) does so in seconds. */
const noPlace = 12;
/** New machines of an autoscaler take minutes: it says in an event that one is on its way. */
const newMachine = 300;
/** Provisioners retry after 15 s; two failures are not one hiccup. */
const noVolume = 18;

/** @returns why a pod has no node */
export function scheduleSuspicion(object: Live, pod: Pod, facts: Facts): Suspicion | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (pod.spec.nodeName || scheduled?.status !== "False") return undefined;
  const { reason = "Unschedulable", message = "" } = scheduled;
  const spec = object.kind === "Pod" ? "spec" : "spec.template.spec";
  const unbound = unboundClaim(pod, facts);
  if (unbound) {
    const suspicion = claimSuspicion(unbound, facts, object, pod);
    if (suspicion) return suspicion;
  }
  const grows = facts.events(pod).some((event) => /^(TriggeredScaleUp|Nominated|NominatedNode)$/.test(event.reason) && lastSeen(event) >= (pod.metadata.creationTimestamp ?? ""));
  const shown = { object, pod, reason, message: message.replace(/,? ?(no new claims to deallocate, )?preemption: .*$/, "").replace(/ not found$/, ""), finalAfter: grows ? newMachine : noPlace, commands: ["kubectl describe nodes"] };
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(message);
  if (claim) return { ...shown, cause: "volume-unbound", likely: `there is no PersistentVolumeClaim ${claim[1]}`, fix: `add it to manifests/, or name one that is there`, field: `${spec}.volumes`, commands: ["kubectl get persistentvolumeclaims"] };
  const short = [...message.matchAll(/Insufficient ([\w/-]+(?:\.[\w/-]+)*)/g)].map((match) => match[1]!);
  if (short.length > 0) {
    const wanted = short.map((resource) => `${resource} ${requested(pod, resource)}`).join(", ");
    return { ...shown, cause: "unschedulable", likely: `no node has room for what the pod requests (${wanted})${room(short, facts)}`, fix: "request less, or add nodes", field: `${spec}.containers[].resources.requests` };
  }
  if (/node affinity\/selector|didn't match Pod's node/i.test(message)) {
    const labels = Object.entries(pod.spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
    return { ...shown, cause: "unschedulable", likely: `no node has the labels that the pod asks for${labels.length > 0 ? ` (${labels.join(", ")})` : ""}`, fix: "correct nodeSelector or affinity, or label a node", field: labels.length > 0 ? `${spec}.nodeSelector` : `${spec}.affinity`, commands: ["kubectl get nodes --show-labels"] };
  }
  const taint = /untolerated taint(?:\(s\))? ?\{?([^}]*)\}?/i.exec(message);
  if (taint) return { ...shown, cause: "unschedulable", likely: `the nodes are reserved by a taint (${taint[1]}) that the pod does not tolerate`, fix: "add a toleration, or a node without the taint", field: `${spec}.tolerations` };
  if (/anti-affinity|topology spread/i.test(message)) return { ...shown, cause: "unschedulable", likely: "its own rules keep the pod from every node that is left: more pods must be apart than there are nodes", fix: "prefer instead of require (preferredDuringScheduling…, whenUnsatisfiable: ScheduleAnyway), or fewer replicas", field: `${spec}.affinity` };
  if (/didn't have free ports/i.test(message)) return { ...shown, cause: "unschedulable", likely: "another pod has the hostPort on every node", fix: "use a Service instead of hostPort", field: `${spec}.containers[].ports` };
  if (/volume node affinity|had no available volume zone/i.test(message)) return { ...shown, cause: "unschedulable", likely: "its volume is on a node or in a zone that can't take the pod", fix: "free that node, or delete the volume if its data is not needed", field: `${spec}.volumes` };
  if (/gates/i.test(reason)) return { ...shown, cause: "unschedulable", finalAfter: newMachine, likely: "a scheduling gate holds it until somebody removes the gate", fix: "ask whoever set it", field: `${spec}.schedulingGates` };
  return { ...shown, cause: "unschedulable", likely: "no node takes the pod", fix: "read the message above" };
}

function unboundClaim(pod: Pod, facts: Facts): Live | undefined {
  for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
    const claim = persistentVolumeClaim && facts.get("PersistentVolumeClaim", pod.metadata.namespace, persistentVolumeClaim.claimName);
    if (claim && claim.status?.phase !== "Bound") return claim;
  }
  return undefined;
}

/** @param object the workload that waits for the claim, or the claim itself */
export function claimSuspicion(claim: Live, facts: Facts, object: Live = claim, pod?: Pod): Suspicion | undefined {
  if (claim.status?.phase === "Bound") return undefined;
  if (claim.status?.phase === "Lost") return { object, pod, cause: "volume-unbound", reason: "Lost", message: `the volume of PersistentVolumeClaim ${claim.metadata.name} is gone`, finalAfter: 0, likely: "somebody deleted the PersistentVolume, and its data with it", fix: "restore it from a backup, or delete the claim to begin anew", commands: [`kubectl describe persistentvolumeclaim ${claim.metadata.name}`] };
  const event: Event | undefined = facts.events(claim).findLast(({ reason }) => /^(ProvisioningFailed|FailedBinding)$/.test(reason));
  if (!event) return undefined;
  const name = claim.spec?.storageClassName as string | undefined;
  const noClass = /storageclass\S* "[^"]+" not found/i.test(event.message);
  const noDefault = /no storage class is set/i.test(event.message);
  return {
    ...{ object, pod, cause: "volume-unbound" as const, reason: event.reason, message: `PersistentVolumeClaim ${claim.metadata.name}: ${event.message}` },
    finalAfter: noClass || noDefault ? 10 : noVolume,
    likely: noClass ? `the cluster has no StorageClass ${name}` : noDefault ? "the cluster has no default StorageClass, and the claim names none" : "the storage provisioner refused to make the volume",
    fix: noClass || noDefault ? "name a StorageClass that is there" : "read the message above",
    field: object.kind === "StatefulSet" ? "spec.volumeClaimTemplates[].spec.storageClassName" : "spec.storageClassName",
    commands: ["kubectl get storageclasses"],
  };
}

const requested = (pod: Pod, resource: string) => pod.spec.containers.map(({ resources }) => resources?.requests?.[resource] ?? resources?.limits?.[resource]).filter(Boolean).join(" + ") || "?";

/** What the largest node offers at all; nothing where nodes may not be read. */
function room(resources: readonly string[], facts: Facts): string {
  const nodes = facts.all("Node");
  if (nodes.length === 0) return "";
  const offers = resources.map((resource) => `${resource} ${nodes.map((node) => String(node.status?.allocatable?.[resource] ?? "0")).sort((a, b) => parseFloat(b) - parseFloat(a))[0]}`);
  return `; a whole node has ${offers.join(", ")}`;
}
