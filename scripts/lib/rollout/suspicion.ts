import { keyOf, type Live, type Pod } from "./facts.ts";

/** What keeps an object from becoming ready, as one word for machines. */
export type Cause =
  | "image-not-found" | "image-denied" | "image-platform" | "image-network" | "image-name" | "image-never"
  | "crash" | "out-of-memory" | "command-not-found" | "command-not-executable" | "wrong-platform" | "container-error" | "ended"
  | "config-missing" | "config-key-missing" | "runs-as-root" | "user-not-numeric" | "container-config"
  | "unschedulable" | "volume-unbound" | "volume-mount" | "sandbox" | "evicted"
  | "readiness-probe" | "startup-probe" | "liveness-probe"
  | "quota" | "limit-range" | "pod-security" | "admission-denied" | "webhook-unavailable" | "refused"
  | "job-failed" | "certificate" | "issuer" | "stuck-statefulset" | "paused" | "deleted" | "progress-deadline";

/**
 * One reason to think that an object will not become ready. Most are harmless while they are young: a registry that did not
 * answer once, a program that waits for its database. Each says for itself when it is final.
 */
export interface Suspicion {
  readonly cause: Cause;
  /** The applied object that can't become ready. */
  readonly object: Live;
  readonly pod?: Pod;
  readonly container?: string;
  /** Kubernetes's word for it, and its sentence. */
  readonly reason: string;
  readonly message: string;
  readonly exit?: { readonly code: number; readonly meaning: string };
  readonly restarts?: number;
  /** Seconds for which nothing of it may have changed; 0: final at once; Infinity: never by itself, time only makes it older. */
  readonly finalAfter: number;
  /** Whatever stands here, patience begins anew when it changes: that was progress. */
  readonly state?: string;
  /** Failed tries that this rollout has seen: ends of a container or pod. */
  readonly tries?: number;
  /** Probes of a container that runs which have failed. */
  readonly misses?: number;
  /** Keys of objects of this rollout that may still mend it: it is not final while one of them is on its way. */
  readonly awaits?: readonly string[];
  /** What several objects would suffer from alike; those become one block. */
  readonly shared?: string;
  readonly likely: string;
  readonly fix: string;
  /** Path of the field to edit, below the applied object. */
  readonly field?: string;
  /** Another object than `object` whose file holds the mistake. */
  readonly edit?: Live;
  /** To type; `kubectl` gets context and namespace by whoever shows it. */
  readonly commands: readonly string[];
}

/** The same suspicion a moment later has the same identity. */
export const identity = ({ cause, object, pod, container }: Suspicion) => [cause, keyOf(object), pod?.metadata.uid ?? "", container ?? ""].join("|");

/** Path of a field of a container, as the manifest has it. @param kind of the applied object */
export const containerField = (object: Live, pod: Pod, container: string, field: string) => {
  const init = pod.spec.initContainers?.some(({ name }) => name === container);
  const spec = object.kind === "Pod" ? "spec" : "spec.template.spec";
  return `${spec}.${init ? "initContainers" : "containers"}[${container}].${field}`;
};
