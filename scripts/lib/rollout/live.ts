import { isReady, isRecent, keyOf, timesSeen, type Event, type Facts, type Live } from "./facts.ts";
import { newReplicaSet, podsOf } from "./revision.ts";
import { phaseOf, type Status } from "./status.ts";


// What a person sees while waiting: one line per change, never the same twice.

export interface Progress {
  /** `waiting`: what is missing; `done`: an object is ready; `event`: a warning of Kubernetes; `log`: a line of a failing pod. */
  readonly type: "waiting" | "done" | "event" | "log";
  /** `Deployment dev/backend` */
  readonly object: string;
  readonly pod?: string;
  readonly container?: string;
  readonly text: string;
}

/** @returns what an object waits for: its own count, and what the first pods that are not ready are busy with */
export function waitingText(object: Live, status: Status, facts: Facts): string {
  const unready = podsOf(object, facts).current.filter((pod) => !isReady(pod));
  const busy = new Map<string, string[]>();
  for (const pod of unready) {
    const phase = phaseOf(pod, facts);
    busy.set(phase, [...(busy.get(phase) ?? []), pod.metadata.name]);
  }
  const details = [...busy].slice(0, 2).map(([phase, [first, ...others]]) => `${first}${others.length > 0 ? ` and ${others.length} more` : ""}: ${phase}`);
  return [status.message, ...details].join("; ");
}

/** Objects whose events are worth showing: the applied one and what its controllers made for it. */
export function family(object: Live, facts: Facts): Live[] {
  const { current } = podsOf(object, facts);
  const claims = current.flatMap((pod) => (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => facts.get("PersistentVolumeClaim", pod.metadata.namespace, persistentVolumeClaim?.claimName ?? "") ?? []));
  const set = object.kind === "Deployment" ? newReplicaSet(object, facts) : undefined;
  const requests = facts.children(object, "CertificateRequest").slice(-1);
  const orders = requests.flatMap((request) => facts.children(request, "Order").slice(-1));
  const challenges = orders.flatMap((order) => facts.children(order, "Challenge"));
  return [object, ...(set ? [set] : []), ...current, ...claims, ...requests, ...orders, ...challenges];
}

/** Every start misses a probe or two. */
const probeMisses = 3;

/** @returns warnings that were not told yet. `told` remembers them, numbers and names of pods aside. */
export function newWarnings(object: Live, facts: Facts, told: Set<string>): { about: Live; event: Event }[] {
  return family(object, facts).flatMap((about) =>
    facts.events(about).flatMap((event) => {
      if (event.type !== "Warning" || !isRecent(event, object)) return [];
      // The state of the pod says the same.
      if (event.reason === "BackOff" || /^Error: \w+$/.test(event.message)) return [];
      if (event.reason === "Unhealthy" && timesSeen(event) < probeMisses) return [];
      const key = `${keyOf(object)} ${event.reason} ${event.message.replace(/^\(combined from similar events\): /, "").replace(/"[^"]*-[a-z0-9]{5}(_[^"]*)?"|[0-9a-f-]{36}|\d+/g, "#")}`;
      if (told.has(key)) return [];
      told.add(key);
      return [{ about, event }];
    }),
  );
}

