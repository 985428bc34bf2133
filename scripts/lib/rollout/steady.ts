import { containersOf, type Facts, type Live, type Pod } from "./facts.ts";
import { podsOf } from "./revision.ts";
import { lastEnd } from "./causes/exit.ts";

// A container without a readiness probe counts as ready the moment it starts, and again after each crash: Kubernetes calls a
// Deployment that crashes every second available for a part of each. Ready must last before it is believed.

/** Programs that can't work end within a second or two of their start, and on a busy node the news of it takes some more. */
const unprobed = 10;
/** After a crash: longer than the kubelet's first pause, so that a second crash is not missed. */
const afterCrash = 12;
const longest = 40;

/**
 * @param before ids of containers that ran before the rollout: those have proved themselves
 * @returns for how many seconds an object must be done before it is
 */
export function steadySeconds(object: Live, facts: Facts, before: ReadonlySet<string>): number {
  if (object.kind === "Job") return 0;
  return Math.max(0, ...podsOf(object, facts).current.map((pod) => podSeconds(pod, facts, before)));
}

function podSeconds(pod: Pod, facts: Facts, before: ReadonlySet<string>): number {
  return Math.max(
    0,
    ...containersOf(pod).map(({ container, status, init }) => {
      if (!status || init || container.readinessProbe || before.has(status.containerID ?? "")) return 0;
      const end = lastEnd(status);
      const liveness = container.livenessProbe;
      if (!end && liveness) {
        // Its liveness probe knows more than the start alone: at its first look, or when it gives up if that one failed.
        const { initialDelaySeconds: delay = 0, periodSeconds: period = 10, failureThreshold: threshold = 3 } = liveness;
        const failed = facts.events(pod).some(({ reason, message }) => reason === "Unhealthy" && message.startsWith("Liveness"));
        return Math.min(longest, delay + period * (failed ? threshold + 1 : 1) + unprobed);
      }
      if (!end) return unprobed;
      // Whatever ended it after so long would do so again after about as long.
      const ran = (Date.parse(end.finishedAt ?? "") - Date.parse(end.startedAt ?? "")) / 1000 || 0;
      return Math.min(longest, Math.max(afterCrash, ran * 1.5));
    }),
  );
}
