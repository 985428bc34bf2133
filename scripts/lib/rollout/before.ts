import type { KubernetesObject } from "../render.ts";
import { ends, kills } from "./causes/exit.ts";
import { containersOf, lastWritten, type Facts, type Live, type Pod } from "./facts.ts";

/** What a container had been through before this rollout, which its newest change may have mended. */
export interface Before {
  /** How often it had ended, */
  readonly ends: number;
  /** and how often a probe had it killed. */
  readonly kills: number;
  /** It was ending again and again: it had not run for long since. */
  readonly looped: boolean;
}

/** Has run long enough to have proved itself, even if our clock and the cluster's are half a minute apart. */
const longSince = 60_000;
const nothing: Before = { ends: 0, kills: 0, looped: false };

/**
 * What was there before. A container that had crashed before the newest change may be mended by it, so its earlier crashes
 * don't count; when nothing was changed, nothing was mended either, and they do, but for those of a container that has run
 * well since. That goes by the cluster's clock, but for who has run for long.
 */
export function stateBefore(wanted: readonly KubernetesObject[], facts: Facts): { of: (pod: Live, container: string) => Before; running: ReadonlySet<string> } {
  const written = wanted.map(({ kind, metadata }) => facts.get(kind, metadata.namespace, metadata.name)).map((live) => (live ? lastWritten(live) : ""));
  // Objects of one wave are written within seconds. Pods of a StatefulSet, whose wave is waited for, may be minutes older than
  // what was written last: they have become ready by then, and what happened until that is over.
  const newest = Math.max(0, ...written.map((time) => Date.parse(time) || 0)) - 10_000;
  const known = new Map<string, Before>();
  const running = new Set<string>();
  for (const pod of facts.all<Pod>("Pod"))
    for (const { status } of containersOf(pod)) {
      if (!status) continue;
      const long = Date.now() - Date.parse(status.state?.running?.startedAt ?? "") > longSince;
      if (!long && !(Date.parse(pod.metadata.creationTimestamp ?? "") < newest)) continue;
      known.set(`${pod.metadata.uid} ${status.name}`, { ends: ends(status), kills: kills(facts.events(pod), status.name), looped: !long && ends(status) > 0 });
      running.add(status.containerID ?? "");
    }
  return { of: (pod, container) => known.get(`${pod.metadata.uid} ${container}`) ?? nothing, running };
}
