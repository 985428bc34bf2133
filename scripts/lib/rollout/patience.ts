import { keyOf } from "./facts.ts";
import { identity, type Suspicion } from "./suspicion.ts";

/** What is remembered of a suspicion from one look to the next. Times are in milliseconds, of our own clock only. */
interface Memory {
  since: number;
  state: string | undefined;
  /** Failed tries when it was last held back for the sake of another object; undefined also when such tries are not counted. */
  heldAtTries: number | undefined;
}

export interface Judgement {
  /** These will not mend themselves. */
  readonly final: Suspicion[];
  /** These may. */
  readonly open: Suspicion[];
  /** When to look again although nothing has changed; Infinity when only a change can matter. */
  readonly lookAgain: number;
}

/**
 * Decides which suspicions are final: the only place where time counts. Begins with an empty memory.
 * @returns a function of what is suspected now, the time, and the keys of objects that are still on their way
 */
export function createPatience(): (suspicions: readonly Suspicion[], now: number, onTheirWay: ReadonlySet<string>) => Judgement {
  const memories = new Map<string, Memory>();
  return (suspicions, now, onTheirWay) => {
    const final: Suspicion[] = [];
    const open: Suspicion[] = [];
    let lookAgain = Infinity;
    const seen = new Set<string>();
    for (const suspicion of suspicions) {
      const key = identity(suspicion);
      seen.add(key);
      let memory = memories.get(key);
      if (!memory || memory.state !== suspicion.state) memories.set(key, (memory = { since: now, state: suspicion.state, heldAtTries: memory?.heldAtTries }));
      if (suspicion.awaits?.some((other) => other !== keyOf(suspicion.object) && onTheirWay.has(other))) {
        // When the other is there, this one gets another chance: a fresh failure, or all of its time again.
        memory.heldAtTries = suspicion.tries;
        memory.since = now;
        open.push(suspicion);
        continue;
      }
      // A crash says nothing more with time; a probe whose kills are too few to count has its time.
      const byTries = suspicion.cause === "crash" || suspicion.finalAfter === 0;
      const freshFailureNeeded = byTries && memory.heldAtTries !== undefined && suspicion.tries !== undefined && suspicion.tries <= memory.heldAtTries;
      const due = memory.since + suspicion.finalAfter * 1000;
      if (!freshFailureNeeded && now >= due) final.push(suspicion);
      else {
        open.push(suspicion);
        if (!freshFailureNeeded) lookAgain = Math.min(lookAgain, due);
      }
    }
    // What was gone for a moment begins anew: it had recovered.
    for (const key of memories.keys()) if (!seen.has(key)) memories.delete(key);
    return { final, open, lookAgain };
  };
}
