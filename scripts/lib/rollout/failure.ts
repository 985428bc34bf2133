import type { KubernetesObject } from "../render.ts";
import { containersOf, keyOf, lastSeen, timesSeen, type Event, type Facts, type Live } from "./facts.ts";
import { newReplicaSet, oldVersion, type OldVersion } from "./revision.ts";
import type { Cause, Suspicion } from "./suspicion.ts";

/** A place in a file of the project; the file is relative to its root. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Why a rollout failed, as data; values of Secrets are masked. One per cause, however many pods suffer from it. */
export interface Failure {
  readonly cause: Cause;
  /** False when time ran out before this was certain. */
  readonly final: boolean;
  readonly object: ObjectName;
  /** Others that suffer from the very same. */
  readonly alsoObjects: readonly ObjectName[];
  readonly origin?: Origin;
  readonly pods: readonly string[];
  /** How many pods the object wants. */
  readonly wantedPods?: number;
  readonly container?: string;
  readonly image?: string;
  /** Kubernetes's word and sentence. */
  readonly reason: string;
  readonly message: string;
  readonly exitCode?: number;
  readonly exitMeaning?: string;
  readonly restarts?: number;
  readonly event?: { readonly object: string; readonly reason: string; readonly message: string; readonly count: number };
  /** The last lines of the container that ended, or of the one that runs. */
  readonly log: readonly string[];
  readonly likely: string;
  readonly fix: string;
  /** Where to make it: the field's path below the object. */
  readonly field?: string;
  /** Complete commands: with context and namespace. */
  readonly commands: readonly string[];
  /** The pods of the former version; undefined when there are none. */
  readonly oldVersion?: OldVersion;
  /** Objects that talk to this one and are not ready either. */
  readonly waiting: readonly ObjectName[];
}

/** A stack of Node is some twelve lines long, and the error stands above it. */
const logLines = 15;

export interface FailureContext {
  readonly facts: Facts;
  readonly context: string;
  readonly mask: (text: string) => string;
  readonly origin?: (object: KubernetesObject) => Origin | undefined;
  /** The applied object that a live one is of. */
  readonly applied: (live: Live) => KubernetesObject;
  /** Keys of the objects that one talks to. */
  readonly dependencies: (object: Live) => readonly string[];
  /** Objects that are not ready. */
  readonly unfinished: readonly Live[];
}

/**
 * Turns suspicions into failures: those of one cause become one, roots come before what depends on them, and what only waits
 * for a root is named there instead of having its own.
 */
export function failuresOf(suspicions: readonly Suspicion[], final: boolean, context: FailureContext): Failure[] {
  const groups = new Map<string, Suspicion[]>();
  for (const suspicion of suspicions) {
    const key = suspicion.shared ?? [suspicion.cause, keyOf(suspicion.object), suspicion.container ?? "", suspicion.likely].join("|");
    groups.set(key, [...(groups.get(key) ?? []), suspicion]);
  }
  const worstPerObject = leaveOneVerdict([...groups.values()]);
  const roots = new Set(worstPerObject.flatMap((group) => group.map(({ object }) => keyOf(object))));
  const isConsequence = (group: readonly Suspicion[]) => group.every(({ object, awaits }) => awaits?.some((other) => roots.has(other) && other !== keyOf(object)));
  const kept = worstPerObject.filter((group) => !isConsequence(group));
  return (kept.length > 0 ? kept : worstPerObject)
    .map((group) => failureOf(group, final, context))
    .sort((a, b) => b.waiting.length - a.waiting.length);
}

/** An object whose time is up has usually another group that says why; then that alone is told. */
function leaveOneVerdict(groups: Suspicion[][]): Suspicion[][] {
  const generic = (group: readonly Suspicion[]) => group.every(({ cause }) => cause === "progress-deadline" || cause === "evicted");
  const explained = new Set(groups.filter((group) => !generic(group)).flatMap((group) => group.map(({ object }) => keyOf(object))));
  return groups.filter((group) => !generic(group) || !group.every(({ object }) => explained.has(keyOf(object))));
}

const triesOf = ({ tries, misses = 0 }: Suspicion) => tries ?? misses;

function failureOf(group: readonly Suspicion[], final: boolean, { facts, context, mask, origin, applied, dependencies, unfinished }: FailureContext): Failure {
  // The pod that has tried most often has the most to tell.
  const first = group.reduce((most, one) => (triesOf(one) > triesOf(most) ? one : most));
  const { object, pod, container } = first;
  const keys = new Set(group.map(({ object }) => keyOf(object)));
  const event = relevantEvent(first, facts);
  const log = pod && container ? facts.logs(pod, container).slice(-logLines) : [];
  const end = pod && container ? containersOf(pod).find((entry) => entry.container.name === container)?.status?.lastState?.terminated : undefined;
  // terminationMessagePolicy: FallbackToLogsOnError. What never started has written nothing.
  const told = end?.reason === "StartError" ? undefined : end?.message;
  const namespace = object.metadata.namespace;
  return {
    cause: first.cause,
    final,
    object: nameOf(object),
    alsoObjects: [...new Map(group.map(({ object }) => [keyOf(object), nameOf(object)])).values()].slice(1),
    origin: origin?.(applied(first.edit ?? object)),
    pods: [...new Set(group.flatMap(({ pod }) => (pod ? [pod.metadata.name] : [])))],
    wantedPods: object.kind === "Deployment" || object.kind === "StatefulSet" ? (object.spec?.replicas ?? 1) : undefined,
    container,
    image: pod && container ? containersOf(pod).find((entry) => entry.container.name === container)?.container.image : undefined,
    reason: first.reason,
    message: mask(first.message),
    exitCode: first.exit?.code,
    exitMeaning: first.exit?.meaning,
    restarts: first.restarts,
    event: event && { object: `${event.involvedObject.kind} ${event.involvedObject.name}`, reason: event.reason, message: mask(event.message.replace(/ in pod \S+\([0-9a-f-]{36}\)$/, "")), count: timesSeen(event) },
    log: log.length > 0 ? log : told && first.exit ? mask(told).trim().split("\n").slice(-logLines) : [],
    likely: mask(first.likely),
    fix: mask(first.fix),
    field: first.field && withName(first.field, object),
    commands: first.commands.map((command) => mask(command.replace(/^kubectl/, `kubectl --context ${context}${namespace ? ` -n ${namespace}` : ""}`))),
    oldVersion: oldVersion(object, facts),
    waiting: unfinished.filter((other) => !keys.has(keyOf(other)) && dependencies(other).some((key) => keys.has(key))).map(nameOf),
  };
}

/** `containers[]` with the only container's name. */
function withName(field: string, object: Live): string {
  const containers = (object.spec?.template?.spec ?? object.spec)?.containers as { name: string }[] | undefined;
  return containers?.length === 1 ? field.replace("containers[]", `containers[${containers[0]!.name}]`) : field;
}

export const nameOf = ({ apiVersion, kind, metadata: { namespace, name } }: KubernetesObject): ObjectName => ({ apiVersion, kind, namespace, name });

const eventsOfCause: readonly (readonly [RegExp, RegExp])[] = [
  [/^image/, /^(Failed|InspectFailed|ErrImageNeverPull)$/],
  [/probe$/, /^Unhealthy$/],
  [/^(quota|limit-range|pod-security|admission-denied|webhook-unavailable|refused)$/, /^FailedCreate$/],
  [/^unschedulable$/, /^FailedScheduling$/],
  [/^volume-unbound$/, /^(ProvisioningFailed|FailedBinding|FailedScheduling)$/],
  [/^(volume-mount|config-missing|config-key-missing)$/, /^(Failed|FailedMount|FailedAttachVolume)$/],
];

/** The event that tells most: the one that the suspicion is read from, one of the cause's own reason, the last warning else. */
export function relevantEvent({ cause, object, pod, message: suspected }: Suspicion, facts: Facts): Event | undefined {
  const claims = (pod?.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => facts.get("PersistentVolumeClaim", object.metadata.namespace, persistentVolumeClaim?.claimName ?? "") ?? []);
  const set = object.kind === "Deployment" ? newReplicaSet(object, facts) : undefined;
  const request = object.kind === "Certificate" ? facts.children(object, "CertificateRequest").at(-1) : undefined;
  const about = [pod, ...claims, set, request, object].filter((one): one is Live => one !== undefined);
  // cert-manager reports some of its failures as normal.
  const warnings = about.flatMap((one) => facts.events(one)).filter(({ type, reason }) => type === "Warning" || reason === "Killing" || /^Issuer(NotFound|NotReady)$/.test(reason));
  const own = eventsOfCause.find(([pattern]) => pattern.test(cause))?.[1];
  // "Error: ImagePullBackOff" says less than the sentence before it.
  const telling = warnings.filter(({ message }) => !/^Error: \w+$/.test(message));
  const newest = (events: Event[]) => events.sort((a, b) => lastSeen(a).localeCompare(lastSeen(b))).at(-1);
  const ofCause = telling.filter(({ reason }) => own?.test(reason));
  return newest(ofCause.filter(({ message }) => suspected.includes(message.trim()))) ?? newest(ofCause) ?? newest(telling) ?? newest(warnings);
}

