import { challengeWords } from "./causes/certificate.ts";
import { condition, containersOf, hasEnded, isReady, timesSeen, type Facts, type Live, type Pod } from "./facts.ts";
import { podsOf } from "./revision.ts";

/** How far an object is. */
export interface Status {
  readonly done: boolean;
  /** Set when it can't become ready any more, by the word of Kubernetes itself. */
  readonly failed?: string;
  /** What is missing, or what is there. */
  readonly message: string;
}

const waiting = (message: string): Status => ({ done: false, message });
const done = (message: string): Status => ({ done: true, message });

/**
 * Whether an object that was applied is as it should be. Kinds that need nothing from a controller are done at once.
 * A controller's status counts only when it is about the latest generation: before that it describes the old one.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 * @param object as the cluster has it now
 */
export function status(object: Live, facts: Facts): Status {
  // Its ttlSecondsAfterFinished deletes a Job that has ended; how it ended stays true.
  if (object.metadata.deletionTimestamp && !(object.kind === "Job" && hasEnded(object))) return { done: false, failed: "deleted", message: "is being deleted" };
  const check = kinds[object.kind];
  if (!check) return done("applied");
  const { generation = 0 } = object.metadata;
  if (observes.has(object.kind) && (object.status?.observedGeneration ?? 0) < generation) return waiting(`its controller has not seen the change (generation ${generation})`);
  return check(object, facts);
}

const observes = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

const kinds: Record<string, (object: Live, facts: Facts) => Status> = {
  Deployment(object, facts) {
    const { replicas: wanted = 1, paused, minReadySeconds = 0 } = object.spec;
    const { updatedReplicas: updated = 0, replicas: all = 0, availableReplicas: available = 0 } = object.status ?? {};
    const progressing = condition(object, "Progressing");
    if (progressing?.reason === "ProgressDeadlineExceeded") return { done: false, failed: "progress-deadline", message: progressing.message ?? "made no progress" };
    const { current, old } = podsOf(object, facts);
    const ready = current.filter(isReady).length;
    if (paused && updated < wanted) return { done: false, failed: "paused", message: "is paused: it makes no new pods" };
    // Done by the controller's own count; pods only say it in other words.
    if (updated >= wanted && all <= updated && available >= updated) return done(pods(wanted));
    if (ready < wanted) return waiting(`${ready} of ${wanted} pods ready${leftOver(old)}`);
    if (all > updated) return waiting(`${ready} of ${wanted} pods ready, ${all - updated} of the old version still ${all - updated === 1 ? "runs" : "run"}`);
    return waiting(minReadySeconds > 0 ? `all ${wanted} pods ready; they must stay so for ${minReadySeconds} s` : `${Math.min(updated, available)} of ${wanted} pods available`);
  },

  StatefulSet(object, facts) {
    const { replicas: wanted = 1, updateStrategy, minReadySeconds = 0 } = object.spec;
    const { updatedReplicas: updated = 0, readyReplicas: ready = 0, availableReplicas: available, currentRevision, updateRevision } = object.status ?? {};
    if (updateStrategy?.type === "OnDelete") return done("applied; its pods change when they are deleted (updateStrategy OnDelete)");
    // A partition keeps the first pods as they are.
    const toUpdate = Math.max(0, wanted - (updateStrategy?.rollingUpdate?.partition ?? 0));
    const { current } = podsOf(object, facts);
    if (updated < toUpdate && currentRevision !== updateRevision) return waiting(`${current.filter(isReady).length} of ${toUpdate} pods updated and ready`);
    if (ready < wanted) return waiting(`${ready} of ${wanted} pods ready`);
    if (available !== undefined && available < wanted && minReadySeconds > 0) return waiting(`all ${wanted} pods ready; they must stay so for ${minReadySeconds} s`);
    return done(pods(wanted));
  },

  DaemonSet(object) {
    if (object.spec.updateStrategy?.type === "OnDelete") return done("applied; its pods change when they are deleted (updateStrategy OnDelete)");
    const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled: updated = 0, numberAvailable: available = 0 } = object.status ?? {};
    if (updated < wanted) return waiting(`${updated} of ${wanted} nodes have the new pod`);
    if (available < wanted) return waiting(`${available} of ${wanted} pods ready`);
    return done(pods(wanted));
  },

  Job(object, facts) {
    const { completions = 1, suspend } = object.spec;
    const { succeeded = 0, active = 0, failed = 0 } = object.status ?? {};
    // FailureTarget comes first, while the pods are still being ended.
    const failure = [condition(object, "Failed"), condition(object, "FailureTarget")].find((entry) => entry?.status === "True");
    if (failure) return { done: false, failed: "job-failed", message: `${failure.reason}: ${failure.message}` };
    if (condition(object, "Complete")?.status === "True") return done("completed");
    if (suspend) return done("applied; suspended");
    const { current } = podsOf(object, facts);
    const tries = failed > 0 ? `, ${failed} failed ${failed === 1 ? "try" : "tries"}` : "";
    return waiting(completions > 1 ? `${succeeded} of ${completions} completed${tries}` : `${active + current.length > 0 ? "running" : "not started"}${tries}`);
  },

  Pod(object) {
    const pod = object as Pod;
    if (pod.status?.phase === "Succeeded") return done("completed");
    if (pod.status?.phase === "Failed") return { done: false, failed: "job-failed", message: pod.status.message ?? "failed" };
    return isReady(pod) ? done("ready") : waiting(phaseOf(pod));
  },

  PersistentVolumeClaim(object, facts) {
    const phase = object.status?.phase;
    if (phase === "Bound") return done("bound");
    // A class may wait for the first pod that uses the claim; then that pod is what is waited for.
    if (facts.events(object).some(({ reason }) => reason === "WaitForFirstConsumer")) return done("will be bound when a pod uses it");
    return waiting(phase === "Lost" ? "its volume is gone" : "has no volume yet");
  },

  Certificate(object, facts) {
    const ready = condition(object, "Ready");
    const { generation = 0 } = object.metadata;
    if (ready?.status === "True" && (ready.observedGeneration ?? generation) >= generation) return done("issued");
    return waiting(certificateStep(object, facts));
  },
  ClusterIssuer: (object) => issuer(object),
  Issuer: (object) => issuer(object),

  CustomResourceDefinition: (object) => (condition(object, "Established")?.status === "True" ? done("established") : waiting(condition(object, "NamesAccepted")?.message ?? "not established yet")),
};

function issuer(object: Live): Status {
  const ready = condition(object, "Ready");
  if (ready?.status === "True" && (ready.observedGeneration ?? Infinity) >= (object.metadata.generation ?? 0)) return done("ready");
  return waiting(ready?.message ?? "not seen by cert-manager yet");
}

/** How far cert-manager is: Certificate → CertificateRequest → Order → Challenge. */
function certificateStep(certificate: Live, facts: Facts): string {
  const request = facts.children(certificate, "CertificateRequest").at(-1);
  if (!request) return condition(certificate, "Issuing")?.message ?? "not seen by cert-manager yet";
  const order = facts.children(request, "Order").at(-1);
  const challenges = order ? facts.children(order, "Challenge").filter(({ status }) => status?.state !== "valid") : [];
  if (challenges.length > 0) return challenges.map(challengeWords).join("; ");
  if (order) return `order ${order.status?.state ?? "sent"}`;
  return condition(request, "Ready")?.message ?? "waits to be signed";
}

const pods = (count: number) => (count === 1 ? "1 pod ready" : `${count} pods ready`);
const leftOver = (old: readonly Pod[]) => {
  const serving = old.filter(isReady).length;
  return serving > 0 ? `, ${serving} of the old version ${serving === 1 ? "serves" : "serve"}` : "";
};

/** What a pod that is not ready is busy with, in a few words. */
export function phaseOf(pod: Pod, facts?: Facts): string {
  if (pod.metadata.deletionTimestamp) return "is ending";
  if (!pod.spec.nodeName) return condition(pod, "PodScheduled")?.status === "False" ? "no node takes it yet" : "waits for a node";
  const events = facts?.events(pod) ?? [];
  for (const { container, status, init } of containersOf(pod)) {
    const { waiting: waits, terminated, running } = status?.state ?? {};
    const name = pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0) > 1 ? `${container.name} ` : "";
    if (init && (terminated?.exitCode === 0 || (status?.ready && container.restartPolicy === "Always"))) continue;
    if (waits?.reason === "PodInitializing") continue;
    if (waits?.reason === "ContainerCreating") {
      const last = events.findLast(({ reason }) => /^(Pulling|Pulled|FailedMount|FailedAttachVolume)$/.test(reason));
      if (last?.reason === "Pulling") return `${name}pulling image ${container.image}`;
      return last && last.reason !== "Pulled" ? `${name}waits for its volumes` : `${name}is being made`;
    }
    if (waits?.reason === "CrashLoopBackOff") return `${name}ended ${status!.restartCount + 1} times, waits ${/back-off (\S+)/.exec(waits.message ?? "")?.[1] ?? ""} before the next try`.replace("  ", " ");
    if (waits) return `${name}${waits.reason}`;
    if (terminated && !(pod.status.phase === "Succeeded")) return `${name}ended with exit code ${terminated.exitCode}`;
    if (running && init) return `${name}runs first`;
    if (running && status!.started === false && container.startupProbe) return `${name}starting${failures(events, "Startup")}`;
    if (running && !status!.ready) return `${name}running, not ready${failures(events, "Readiness")}`;
  }
  return isReady(pod) ? "ready" : "starting";
}

function failures(events: ReturnType<Facts["events"]>, probe: string): string {
  const last = events.findLast(({ reason, message }) => reason === "Unhealthy" && message.startsWith(probe));
  const answer = /statuscode: (\d+)/.exec(last?.message ?? "")?.[1] ?? /(connection refused|timeout|deadline exceeded)/i.exec(last?.message ?? "")?.[1];
  return last && timesSeen(last) > 0 ? `, its ${probe.toLowerCase()} probe fails${answer ? ` (${answer})` : ""}` : "";
}
