import { condition, isRecent, type Event, type Facts, type Live, type Pod } from "../facts.ts";
import { newReplicaSet } from "../revision.ts";
import type { Cause, Suspicion } from "../suspicion.ts";

// Pods that the API server refuses to make. No pod exists then; whoever wanted to make it says why: the ReplicaSet in a
// condition and in events, StatefulSets, DaemonSets and Jobs in events only. They try again and again, ever more slowly.

/** A policy's answer stays the same until somebody changes something. */
const policy = 0;
const usedUp = 8;
/** Pods that are going free their share of a quota, and the controller's next try comes after about as long again. */
const comesFree = 25;
/** What was created a moment ago (a ServiceAccount) is known everywhere soon. */
const notYetKnown = 10;
/** A webhook's pod that restarts is back in some 20 s. */
const webhookDown = 22;

interface Kind {
  readonly pattern: RegExp;
  readonly cause: Cause;
  readonly finalAfter: number;
  readonly explain: (match: RegExpExecArray) => Pick<Suspicion, "likely" | "fix"> & { field?: string; commands?: string[] };
  readonly shared?: boolean;
}

const kinds: readonly Kind[] = [
  {
    pattern: /violates PodSecurity "([^"]+)": (.*)$/s,
    cause: "pod-security",
    finalAfter: policy,
    explain: ([, level, list]) => ({
      likely: `the namespace enforces the Pod Security Standard ${level}, and the pod asks for more: ${[...list!.matchAll(/(\w[\w .!=]*?) \(/g)].map((match) => match[1]!.trim()).join(", ")}`,
      fix: `set ${[...new Set([...list!.matchAll(/must set ((?:securityContext\.)?[\w.]+(?:=\S+?)?)(?=\)|,| to)( to "\w+")?/g)].map((match) => match[1]! + (match[2] ?? "")))].join("; ") || "what the message lists"} (manifests/security.ts has them)`,
      field: "spec.template.spec.containers[].securityContext",
    }),
  },
  {
    pattern: /exceeded quota: ([^,]+), requested: ([^\s,]+(?:,[^\s,]+)*), used: ([^\s,]+(?:,[^\s,]+)*), limited: (\S+)/,
    cause: "quota",
    finalAfter: usedUp,
    explain: ([, name, requested, used, limited]) => ({
      likely: `ResourceQuota ${name} allows ${limited}; ${used} is used and one more pod needs ${requested}`,
      fix: "request less, run fewer pods, or raise the quota; a rolling update needs room for one pod more (maxSurge)",
      field: "spec.template.spec.containers[].resources",
      commands: [`kubectl describe resourcequota ${name}`],
    }),
  },
  {
    pattern: /failed quota: ([^:]+): must specify ([^;]+)/,
    cause: "quota",
    finalAfter: policy,
    explain: ([, name, what]) => ({ likely: `ResourceQuota ${name} wants every container to say ${what}`, fix: `set ${what!.replace(/ for:.*/, "")}`, field: "spec.template.spec.containers[].resources" }),
  },
  {
    pattern: /(?:minimum|maximum) \S+ (?:usage|limit to request ratio) per (?:Container|Pod)[^"]*/i,
    cause: "limit-range",
    finalAfter: policy,
    explain: ([what]) => ({ likely: `a LimitRange of the namespace sets bounds: ${what!.trim()}`, fix: "stay within them, or change the LimitRange", field: "spec.template.spec.containers[].resources", commands: ["kubectl describe limitranges"] }),
  },
  {
    pattern: /failed calling webhook "([^"]+)"/,
    cause: "webhook-unavailable",
    finalAfter: webhookDown,
    shared: true,
    explain: ([, name]) => ({ likely: `the admission webhook ${name} does not answer, and nothing may be created without it`, fix: "bring its pods up again; if it was removed, delete its configuration", commands: ["kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"] }),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request:?(.*)$/s,
    cause: "admission-denied",
    finalAfter: policy,
    shared: true,
    explain: ([, name, why]) => ({ likely: `the policy behind webhook ${name} refuses the pod: ${why!.trim()}`, fix: "change the pod so that it complies" }),
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.*)$/s,
    cause: "admission-denied",
    finalAfter: policy,
    shared: true,
    explain: ([, name, why]) => ({ likely: `ValidatingAdmissionPolicy ${name} refuses the pod: ${why!.trim()}`, fix: "change the pod so that it complies" }),
  },
  {
    pattern: /serviceaccount "([^"]+)" not found/i,
    cause: "refused",
    finalAfter: notYetKnown,
    explain: ([, name]) => ({ likely: `there is no ServiceAccount ${name}`, fix: "add it to manifests/, or name one that is there", field: "spec.template.spec.serviceAccountName", commands: ["kubectl get serviceaccounts"] }),
  },
  {
    pattern: /no PriorityClass with name (\S+) was found/,
    cause: "refused",
    finalAfter: policy,
    explain: ([, name]) => ({ likely: `the cluster has no PriorityClass ${name}`, fix: "name one that is there", field: "spec.template.spec.priorityClassName", commands: ["kubectl get priorityclasses"] }),
  },
  {
    pattern: /is invalid: (.*)$/s,
    cause: "refused",
    finalAfter: policy,
    explain: ([, why]) => ({ likely: `the pod's template is not valid: ${why!.trim()}`, fix: "correct that field" }),
  },
];

/** @returns why no pods come of an object */
export function refusalSuspicion(object: Live, facts: Facts): Suspicion | undefined {
  const found = refusal(object, facts);
  if (!found) return undefined;
  const { reason, message } = found;
  for (const kind of kinds) {
    const match = kind.pattern.exec(message);
    if (!match) continue;
    const { likely, fix, field, commands = [] } = kind.explain(match);
    const finalAfter = kind.finalAfter === usedUp && podsEnd(object, facts) ? comesFree : kind.finalAfter;
    return { cause: kind.cause, object, reason, message, finalAfter, likely, fix, field, commands, shared: kind.shared ? `${kind.cause} ${likely}` : undefined };
  }
  return { cause: "refused", object, reason, message, finalAfter: notYetKnown, likely: "the API server refuses to make the pod", fix: "read the message above", commands: [] };
}

/** Whether pods of the namespace are ending, or have since the object was changed. A Job's pods stay known when they are gone. */
const podsEnd = (object: Live, facts: Facts): boolean =>
  facts.all<Pod>("Pod").some(({ metadata, status }) => metadata.namespace === object.metadata.namespace && metadata.deletionTimestamp && !/^(Succeeded|Failed)$/.test(status.phase ?? "")) ||
  facts.all<Event>("Event").some((event) => event.reason === "Killing" && event.metadata.namespace === object.metadata.namespace && isRecent(event, object));

function refusal(object: Live, facts: Facts): { reason: string; message: string } | undefined {
  const clean = (message: string) => message.replace(/^\(combined from similar events\): /, "").replace(/^Error creating: /, "").replace(/^[Cc]reate Pod .*? failed error: /, "").replace(/^pods "[^"]+" is forbidden: /, "");
  if (object.kind === "Deployment") {
    const set = newReplicaSet(object, facts);
    const failure = condition(set, "ReplicaFailure");
    return failure?.status === "True" ? { reason: failure.reason ?? "FailedCreate", message: clean(failure.message ?? "") } : undefined;
  }
  // Events outlive their reason: those from before the last change, or before the last success, say nothing.
  const events = facts.events(object).filter((event) => isRecent(event, object));
  const last = events.findLast(({ reason }: Event) => /^(FailedCreate|SuccessfulCreate)$/.test(reason));
  if (last?.reason !== "FailedCreate" || !lacksPods(object)) return undefined;
  return { reason: last.reason, message: clean(last.message) };
}

function lacksPods({ kind, spec, status }: Live): boolean {
  switch (kind) {
    case "StatefulSet":
      return (status?.replicas ?? 0) < (spec?.replicas ?? 1) || (status?.updatedReplicas ?? 0) < (spec?.replicas ?? 1);
    case "DaemonSet":
      return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 1) || (status?.updatedNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 1);
    case "Job":
      return (status?.active ?? 0) === 0 && (status?.succeeded ?? 0) === 0;
    default:
      return false;
  }
}
