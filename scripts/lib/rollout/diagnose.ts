import type { KubernetesObject } from "../render.ts";
import type { Before } from "./before.ts";
import { certificateSuspicion, issuerSuspicion } from "./causes/certificate.ts";
import { configurationSuspicion, mountSuspicion } from "./causes/configuration.ts";
import { exitMeaning, exitSuspicion, lastEnd, mayMissAnother } from "./causes/exit.ts";
import { imageSuspicion } from "./causes/image.ts";
import { probeSuspicion } from "./causes/probe.ts";
import { refusalSuspicion } from "./causes/refusal.ts";
import { claimSuspicion, scheduleSuspicion } from "./causes/schedule.ts";
import { containersOf, isReady, type Facts, type Live, type Pod } from "./facts.ts";
import { podsOf } from "./revision.ts";
import type { Status } from "./status.ts";
import type { Cause, Suspicion } from "./suspicion.ts";

/** What a diagnosis needs besides the cluster's objects. */
export interface Surroundings {
  /** The environment's objects: names that were meant, Secrets that a certificate brings. */
  readonly all: readonly KubernetesObject[];
  readonly before: (pod: Live, container: string) => Before;
  /** Keys of the objects that a workload talks to. */
  readonly dependencies: (object: Live) => readonly string[];
}

/** @returns everything that may keep an object from becoming ready, whether final or not; nothing for one that is */
export function suspicions(object: Live, status: Status, facts: Facts, around: Surroundings): Suspicion[] {
  if (status.done) return [];
  // Nothing of what is gone or going can mend or explain that.
  if (status.failed === "deleted") return [verdictSuspicion(object, status, facts)];
  switch (object.kind) {
    case "Certificate":
      return present(certificateSuspicion(object, facts));
    case "Issuer":
    case "ClusterIssuer":
      return present(issuerSuspicion(object));
    case "PersistentVolumeClaim":
      return present(claimSuspicion(object, facts));
  }
  const { current } = podsOf(object, facts);
  const found = [...present(refusalSuspicion(object, facts)), ...present(stuckSuspicion(object, facts)), ...current.flatMap((pod) => podSuspicions(object, pod, facts, around))];
  const verdict = status.failed && verdictSuspicion(object, status, facts);
  return verdict ? [...found, verdict] : found;
}

const present = (suspicion: Suspicion | undefined): Suspicion[] => (suspicion ? [suspicion] : []);

function podSuspicions(object: Live, pod: Pod, facts: Facts, around: Surroundings): Suspicion[] {
  if (pod.status.phase === "Succeeded" || pod.metadata.deletionTimestamp) return [];
  if (pod.status.phase === "Failed" && object.kind !== "Job") return [evictedSuspicion(object, pod, facts)];
  const schedule = scheduleSuspicion(object, pod, facts);
  if (schedule) return [schedule];
  const events = facts.events(pod);
  const mount = mountSuspicion(object, pod, events, around.all);
  if (mount) return [mount];
  const found: Suspicion[] = [];
  for (const { container, status } of containersOf(pod)) {
    if (!status) continue;
    const lines = facts.logs(pod, container.name);
    const before = around.before(pod, container.name);
    const one =
      imageSuspicion(object, pod, status, container.image ?? "", events) ??
      configurationSuspicion(object, pod, container, status, around.all) ??
      exitSuspicion(object, pod, container, status, { before, events, lines });
    // A program that ended once and runs again may have a probe that fails.
    const probe = one && !status.state?.running ? undefined : probeSuspicion(object, pod, container, status, { events, lines, before, progress: facts.differentLines(pod, container.name) });
    for (const suspicion of [one, probe]) {
      if (!suspicion) continue;
      // A program that complains of something it can't reach may recover when that is there.
      const dependent = /^(crash|readiness-probe|startup-probe|liveness-probe)$/.test(suspicion.cause) && mayMissAnother(lines);
      found.push(dependent ? { ...suspicion, awaits: [...(suspicion.awaits ?? []), ...around.dependencies(object)] } : suspicion);
    }
  }
  return found;
}

function evictedSuspicion(object: Live, pod: Pod, facts: Facts): Suspicion {
  const { reason = "Failed", message = "" } = pod.status;
  const tries = podsOf(object, facts).current.filter(({ status }) => status.phase === "Failed").length;
  // Nodes evict and are drained now and then, and the controller makes another pod: only the third is a pattern.
  return { object, pod, cause: "evicted", reason, message, tries, finalAfter: tries >= 3 ? 0 : Infinity, likely: /memory|ephemeral-storage|disk/i.test(message) ? "the node ran out of memory or disk" : "the node gave the pod up", fix: "set requests to what the pod really uses", commands: ["kubectl describe nodes"] };
}

/**
 * A StatefulSet's controller waits until a pod is ready before it replaces it: a pod that can't start is never replaced, not
 * even by the manifest that would mend it. https://github.com/kubernetes/kubernetes/issues/67250
 */
function stuckSuspicion(object: Live, facts: Facts): Suspicion | undefined {
  if (object.kind !== "StatefulSet" || object.spec.podManagementPolicy === "Parallel") return undefined;
  const { currentRevision, updateRevision, updatedReplicas = 0 } = object.status ?? {};
  if (currentRevision === updateRevision || updatedReplicas >= (object.spec.replicas ?? 1)) return undefined;
  const pod = podsOf(object, facts).old.find((old) => !old.metadata.deletionTimestamp && !isReady(old));
  if (!pod) return undefined;
  const waits = containersOf(pod).find(({ status }) => /BackOff|^Err|^Invalid|Error$/.test(status?.state?.waiting?.reason ?? ""))?.status?.state?.waiting;
  const { reason = "NotReady", message = `pod ${pod.metadata.name} is not ready` } = waits ?? {};
  return {
    ...{ object, pod, cause: "stuck-statefulset" as const, reason, message },
    // A pod that was about to become ready may do so yet; one that can't even start will not.
    finalAfter: waits ? 10 : 25,
    likely: `pod ${pod.metadata.name} of an earlier version ${waits ? "can't start" : "does not become ready"}, and a StatefulSet replaces a pod only after it was ready: the new version waits for ever`,
    fix: "delete that pod (its volume stays); the controller makes it anew from the new version",
    commands: [`kubectl delete pod ${pod.metadata.name}`],
  };
}

/** What Kubernetes itself has given up. */
function verdictSuspicion(object: Live, status: Status, facts: Facts): Suspicion {
  const base = { object, reason: status.failed!, message: status.message, finalAfter: 0, commands: [`kubectl describe ${object.kind.toLowerCase()} ${object.metadata.name}`] };
  if (status.failed === "job-failed") {
    const last = podsOf(object, facts).current.at(-1) ?? (facts.children<Pod>(object, "Pod").at(-1) as Pod | undefined);
    const failed = last && containersOf(last).findLast(({ status }) => (status && lastEnd(status)?.exitCode) !== undefined && lastEnd(status!)!.exitCode !== 0);
    const end = failed && lastEnd(failed.status!);
    const late = /DeadlineExceeded/.test(status.message);
    return {
      ...base,
      cause: "job-failed",
      reason: /^(\w+):/.exec(status.message)?.[1] ?? "Failed",
      pod: last,
      container: failed?.container.name,
      exit: end && !late ? { code: end.exitCode, meaning: exitMeaning(end) } : undefined,
      likely: late ? `it did not end within activeDeadlineSeconds (${object.spec.activeDeadlineSeconds} s)` : "the program ended with an error: its last lines say why",
      fix: late ? "give it more time, or make it faster" : "mend the program, or what it is given (env, args, files)",
      field: late ? "spec.activeDeadlineSeconds" : "spec.template.spec.containers[]",
      commands: last ? [`kubectl logs ${last.metadata.name}`] : base.commands,
    };
  }
  const words: Record<string, { likely: string; fix: string; field?: string }> = {
    paused: { likely: "the Deployment is paused, so changes of it do nothing", fix: "remove spec.paused", field: "spec.paused" },
    deleted: { likely: "somebody else deletes it while it is being deployed", fix: "find out who; then deploy again" },
    "progress-deadline": { likely: `no pod became ready within progressDeadlineSeconds (${object.spec?.progressDeadlineSeconds ?? 600} s)`, fix: "see what its pods wait for; a start that takes so long needs a larger progressDeadlineSeconds", field: "spec.progressDeadlineSeconds" },
  };
  return { ...base, cause: status.failed as Cause, ...words[status.failed!]! };
}
