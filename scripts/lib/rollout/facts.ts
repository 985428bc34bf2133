import type { KubernetesObject } from "../render.ts";

// What is known of a rollout at one moment: the objects that the watches brought and the log lines that were read. Only the
// fields that are read here have types; https://kubernetes.io/docs/reference/kubernetes-api/ has all of them.

export interface Owner {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}
/** Where an object and its revision are known; what the API server adds to `metadata` is there. */
export interface Live extends KubernetesObject {
  metadata: KubernetesObject["metadata"] & {
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    ownerReferences?: Owner[];
    managedFields?: { time?: string; subresource?: string }[];
  };
  // Each kind's own shape; whoever reads it says which.
  spec?: any;
  status?: any;
}
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}
export interface Terminated {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly containerID?: string;
}
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: Terminated;
}
export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly image?: string;
  readonly containerID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}
interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port: number | string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly exec?: { readonly command?: string[] };
  readonly grpc?: { readonly port: number };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly ports?: { readonly name?: string; readonly containerPort: number }[];
  readonly env?: { readonly name: string; readonly value?: string; readonly valueFrom?: any }[];
  readonly envFrom?: { readonly configMapRef?: { readonly name: string }; readonly secretRef?: { readonly name: string } }[];
  readonly resources?: { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> };
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
}
export interface Pod extends Live {
  spec: {
    containers: Container[];
    initContainers?: Container[];
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    volumes?: { name: string; secret?: { secretName: string }; configMap?: { name: string }; persistentVolumeClaim?: { claimName: string } }[];
  };
  status: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}
export interface Event extends Live {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  count?: number;
  series?: { count: number; lastObservedTime?: string };
  eventTime?: string;
  firstTimestamp?: string;
  lastTimestamp?: string;
  involvedObject: { kind: string; name: string; namespace?: string; uid?: string; fieldPath?: string };
}

/** `Kind namespace/name`: one object of a rollout, as its key and as people read it. */
export const keyOf = (object: { kind: string; metadata: { name: string; namespace?: string } }) =>
  `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ""}${object.metadata.name}`;

export interface Facts {
  put(object: Live): void;
  remove(object: Live): void;
  get(kind: string, namespace: string | undefined, name: string): Live | undefined;
  all<T extends Live = Live>(kind: string): T[];
  /** What this object controls, oldest first. */
  children<T extends Live = Live>(owner: Live, kind: string): T[];
  /** Of this very object (not of an earlier one of its name), oldest first. */
  events(object: Live): Event[];
  /** The lines that follow are of a container that was started anew. */
  beginLog(pod: Live, container: string): void;
  /** Remembers one line that a container wrote. */
  log(pod: Live, container: string, line: string): void;
  /** The last lines of a container, oldest first; those of the one before while the newest has written nothing. */
  logs(pod: Live, container: string): readonly string[];
  /** Different lines so far, numbers and ids aside: it grows while a program gets on, and not while it repeats itself. */
  differentLines(pod: Live, container: string): number;
}

/** Numbers, ids (UUIDs, hexadecimal, letters and digits mixed): in each line of a log they are others. Names of steps stay: `0001_create_users`. */
const changing = /\b[0-9a-f]{4,}(?:-[0-9a-f]{4,})+\b|(?<![a-z\d])[a-z]*\d[a-z\d]*|[0-9a-f]{8,}/gi;
/** Enough for a stack of an error and what led to it. */
const keptLines = 60;

/** @returns facts that know nothing yet */
export function createFacts(): Facts {
  const kinds = new Map<string, Map<string, Live>>();
  // By the object that they are about: there are many, and they are asked for often.
  const events = new Map<string, Map<string, Event>>();
  const logs = new Map<string, { lines: string[]; before: string[]; different: Set<string> }>();
  const of = (kind: string) => kinds.get(kind) ?? kinds.set(kind, new Map()).get(kind)!;
  const logOf = (pod: Live, container: string) => {
    const key = `${pod.metadata.uid} ${container}`;
    return logs.get(key) ?? logs.set(key, { lines: [], before: [], different: new Set() }).get(key)!;
  };
  return {
    put(object) {
      of(object.kind).set(keyOf(object), object);
      if (object.kind !== "Event") return;
      const { uid = "" } = (object as Event).involvedObject;
      (events.get(uid) ?? events.set(uid, new Map()).get(uid)!).set(keyOf(object), object as Event);
    },
    remove(object) {
      of(object.kind).delete(keyOf(object));
      if (object.kind === "Event") events.get((object as Event).involvedObject?.uid ?? "")?.delete(keyOf(object));
    },
    get: (kind, namespace, name) => of(kind).get(keyOf({ kind, metadata: { name, namespace } })),
    all: <T extends Live>(kind: string) => [...of(kind).values()] as T[],
    children: <T extends Live>(owner: Live, kind: string) =>
      [...of(kind).values()]
        .filter((child) => child.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
        .sort(byAge) as T[],
    events: (object) => [...(events.get(object.metadata.uid ?? "")?.values() ?? [])].sort((a, b) => lastSeen(a).localeCompare(lastSeen(b))),
    beginLog(pod, container) {
      const log = logOf(pod, container);
      if (log.lines.length > 0) log.before = log.lines;
      log.lines = [];
    },
    log(pod, container, line) {
      const { lines, different } = logOf(pod, container);
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      // Bounded too: a program that wrote so many different lines gets on.
      if (different.size < 1000) different.add(line.replace(changing, "#"));
    },
    logs(pod, container) {
      const { lines, before } = logOf(pod, container);
      return lines.length > 0 ? lines : before;
    },
    differentLines: (pod, container) => logOf(pod, container).different.size,
  };
}

const byAge = (a: Live, b: Live) =>
  (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") || a.metadata.name.localeCompare(b.metadata.name);

/** When an event happened last, by the cluster's clock. The scheduler's have `eventTime` only. */
export const lastSeen = (event: Event) =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "";
export const timesSeen = (event: Event) => event.series?.count ?? event.count ?? 1;

/**
 * When the object's wishes were last written, by the cluster's clock: comparing that with other times of the cluster needs
 * no agreement with our clock. Status is written by controllers and does not count.
 */
export const lastWritten = (object: Live) =>
  (object.metadata.managedFields ?? []).reduce((last, { time = "", subresource }) => (subresource || time < last ? last : time), object.metadata.creationTimestamp ?? "");

/** Whether an event is about what the object wishes now. To the second: some times have fractions of it, some don't. */
export const isRecent = (event: Event, object: Live) => lastSeen(event).slice(0, 19) >= lastWritten(object).slice(0, 19);

export const condition = (object: Live | undefined, type: string): Condition | undefined =>
  (object?.status?.conditions as Condition[] | undefined)?.find((entry) => entry.type === type);

/** Containers with what is known of each; init containers first, as they start first. */
export function containersOf(pod: Pod): { container: Container; status: ContainerStatus | undefined; init: boolean }[] {
  const pair = (containers: Container[] | undefined, statuses: ContainerStatus[] | undefined, init: boolean) =>
    (containers ?? []).map((container) => ({ container, status: statuses?.find(({ name }) => name === container.name), init }));
  return [
    ...pair(pod.spec.initContainers, pod.status.initContainerStatuses, true),
    ...pair(pod.spec.containers, pod.status.containerStatuses, false),
  ];
}

/** Whether a Job is over, well or not. */
export const hasEnded = (job: Live) => ["Complete", "Failed"].some((type) => condition(job, type)?.status === "True");
export const isReady = (pod: Pod) => !pod.metadata.deletionTimestamp && condition(pod, "Ready")?.status === "True";
