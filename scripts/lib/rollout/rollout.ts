import { setMaxListeners } from "node:events";
import { ApiError, type Cluster } from "../cluster.ts";
import { done as sayDone, say, warn, working } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import { stateBefore } from "./before.ts";
import { createDependencies } from "./dependencies.ts";
import { suspicions, type Surroundings } from "./diagnose.ts";
import { createFacts, keyOf, type Facts, type Live } from "./facts.ts";
import { failuresOf, nameOf, relevantEvent, type Failure, type ObjectName, type Origin } from "./failure.ts";
import { feed, isFollowed, sourcesOf } from "./feed.ts";
import { newWarnings, waitingText, type Progress } from "./live.ts";
import { createLogReader } from "./logs.ts";
import { createSecretsMask } from "./made-secrets.ts";
import { createPatience } from "./patience.ts";
import { status, type Status } from "./status.ts";
import { steadySeconds } from "./steady.ts";
import type { Suspicion } from "./suspicion.ts";

export { describeFailure, nameInWords } from "./describe.ts";
export type { Failure, ObjectName, Origin } from "./failure.ts";
export type { Progress } from "./live.ts";

export interface RolloutOptions {
  signal?: AbortSignal;
  /** Seconds, for all objects together. @default 900 */
  deadline?: number;
  /** Where an applied object was made. */
  origin?: (object: KubernetesObject) => Origin | undefined;
  /** Every object of the environment: Secrets to mask, names that were meant, who talks to whom. @default the objects */
  all?: readonly KubernetesObject[];
  /** Called on every change, with masked text. @default printProgress */
  onProgress?: (progress: Progress) => void;
}

/** How a rollout ended: data for `--json`, without values of Secrets. */
export interface RolloutResult {
  readonly outcome: "ready" | "failed" | "timed-out";
  /** Roots first. Empty when ready; may be empty when time ran out and nothing was wrong. */
  readonly failures: readonly Failure[];
  /** What is not ready, and what it waits for. */
  readonly unfinished: readonly { readonly object: ObjectName; readonly message: string }[];
  readonly seconds: number;
  /** Kinds that this user may not read: with them, more could be explained, and of Secrets the values be masked. */
  readonly hidden: readonly string[];
}

/**
 * After the first failure is certain: what else fails usually shows within these seconds, and one report of all is worth more
 * than one at a time.
 */
const collectMilliseconds = 3000;
/**
 * When nothing else is awaited: a controller may not have cleared up yet what an earlier version left behind, and a container may
 * be about to start again. What is certain is so a second time.
 */
const secondLookMilliseconds = 1500;
/** Log lines and events of what has just happened may be on their way: a report with them is worth this wait. */
const lateMilliseconds = 2000;
/** Between two lines about the same object. */
const quietMilliseconds = 1000;
/** Changes come in bursts: one look for all. */
const burstMilliseconds = 50;

/**
 * Waits until applied objects are ready, or until it is certain that one will not be. Uses watches only; what time decides
 * (patience.ts) is looked at again when it is due.
 * @param objects as they were applied; kinds that nothing waits for are passed over
 * @returns never rejects for a rollout that fails
 * @throws the signal's reason when aborted; ApiError when workloads or pods may not be read, or the server never answers
 */
export async function waitForRollout(cluster: Cluster, objects: readonly KubernetesObject[], options: RolloutOptions = {}): Promise<RolloutResult> {
  const { all = objects, deadline = 900, onProgress = printProgress } = options;
  const wanted = objects.filter(isFollowed);
  const began = Date.now();
  const end = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, end.signal]) : end.signal;
  setMaxListeners(0, signal); // every watch and every log listens
  const facts = createFacts();
  const secrets = createSecretsMask(cluster, all);
  const { mask } = secrets;
  const bell = createBell(signal);
  const dependencies = createDependencies(all);
  const lines = createLogVoice(onProgress);
  const reader = createLogReader(cluster, facts, mask, (object, pod, container, text) => (lines.keep(object, pod.metadata.name, container, text), bell.ring()), signal, secrets.read);

  try {
    const sources = feed(cluster, sourcesOf(wanted), facts, bell.ring, signal, (message) => onProgress({ type: "event", object: cluster.context, text: mask(`the API server does not answer: ${message}; trying again`) }));
    const late = setTimeout(() => end.abort(new ApiError(0, "NoAnswer", `${cluster.server} did not answer for ${deadline} s`)), deadline * 1000);
    await Promise.race([Promise.all([sources.complete, secrets.read()]), bell.aborted]).finally(() => clearTimeout(late));
    const before = stateBefore(wanted, facts);
    const around: Surroundings = { all, dependencies, before: before.of };
    const judge = createPatience();
    const voice = createVoice(onProgress, mask, began);
    const doneSince = new Map<string, number>();
    let failed = new Set<string>();
    let certainSince = Infinity;

    for (let first = true; ; first = false) {
      signal.throwIfAborted();
      if (sources.lost()) throw sources.lost();
      const now = Date.now();
      let lookAgain = began + deadline * 1000;
      const looks = wanted.map((applied): Look => {
        const { live, state } = lookAt(applied, facts);
        const key = keyOf(live);
        if (!state.done) doneSince.delete(key);
        else doneSince.set(key, doneSince.get(key) ?? now);
        const steadyAt = state.done ? doneSince.get(key)! + 1000 * steadySeconds(live, facts, before.running) : 0;
        if (!state.done || now >= steadyAt) return { live, state };
        lookAgain = Math.min(lookAgain, steadyAt);
        return { live, state: { done: false, message: `${state.message}; being watched for ${Math.round((steadyAt - doneSince.get(key)!) / 1000)} s, for it has no readiness probe` } };
      });
      const unfinished = looks.filter(({ state }) => !state.done);
      for (const look of looks) lookAgain = Math.min(lookAgain, voice.tell(look, facts, now, first));
      if (unfinished.length === 0) return result("ready", [], []);

      const suspected = unfinished.flatMap(({ live, state }) => suspicions(live, state, facts, around));
      for (const suspicion of suspected) {
        const { object, pod, container } = suspicion;
        if (!pod || !container) continue;
        reader.read(keyOf(object), pod, container);
        if (!isYoung(suspicion)) lines.show(pod.metadata.name, container);
      }
      const onTheirWay = new Set(unfinished.map(({ live }) => keyOf(live)).filter((key) => !failed.has(key)));
      const verdict = judge(suspected, now, onTheirWay);
      failed = new Set(verdict.final.map(({ object }) => keyOf(object)));
      certainSince = verdict.final.length === 0 ? Infinity : Math.min(certainSince, now);
      const others = unfinished.some(({ live }) => !failed.has(keyOf(live)));
      const reportAt = certainSince + (others ? collectMilliseconds : secondLookMilliseconds);
      const timedOut = now >= began + deadline * 1000;
      if (now >= reportAt || timedOut) {
        const outcome = verdict.final.length > 0 ? "failed" : "timed-out";
        await Promise.race([Promise.all([reader.settled(lateMilliseconds), readNodes(cluster, verdict.final, facts)]), bell.aborted]);
        // Events are written after what they tell of.
        const late = Date.now() + lateMilliseconds;
        while (Date.now() < late && verdict.final.some((suspicion) => !relevantEvent(suspicion, facts))) await bell.next(late);
        return result(outcome, report(outcome === "failed" ? [...verdict.final, ...verdict.open.filter((one) => verdict.final.some(isAlike(one)))] : verdict.open, outcome === "failed", unfinished), unfinished);
      }
      await bell.next(Math.min(lookAgain, verdict.lookAgain, reportAt));
    }

    function result(outcome: RolloutResult["outcome"], failures: Failure[], unfinished: readonly Look[]): RolloutResult {
      return { outcome, failures, unfinished: unfinished.map(({ live, state }) => ({ object: nameOf(live), message: mask(waitingText(live, state, facts)) })), seconds: (Date.now() - began) / 1000, hidden: [...sources.hidden, ...secrets.hidden] };
    }

    function report(found: readonly Suspicion[], final: boolean, unfinished: readonly Look[]): Failure[] {
      // Once more: log lines and nodes have come since, and say more.
      const fresh = wanted.flatMap((applied) => {
        const { live, state } = lookAt(applied, facts);
        const again = suspicions(live, { ...state, done: false }, facts, around);
        return found.filter(({ object }) => keyOf(object) === keyOf(live)).map((one) => again.find((other) => other.cause === one.cause && other.pod?.metadata.uid === one.pod?.metadata.uid && other.container === one.container) ?? one);
      });
      const sources = new Map(wanted.concat(all).map((object) => [keyOf(object), object]));
      return failuresOf(fresh, final, { facts, context: cluster.context, mask, origin: options.origin, applied: (live) => sources.get(keyOf(live)) ?? live, dependencies, unfinished: unfinished.map(({ live }) => live) });
    }
  } finally {
    end.abort();
  }
}

interface Look {
  readonly live: Live;
  readonly state: Status;
}

function lookAt(applied: KubernetesObject, facts: Facts): Look {
  const live = facts.get(applied.kind, applied.metadata.namespace, applied.metadata.name);
  return live ? { live, state: status(live, facts) } : { live: applied as Live, state: { done: false, failed: "deleted", message: "is gone: somebody deleted it" } };
}

/** How much room a whole node has is worth knowing only when a pod finds none; not everybody may read nodes. */
async function readNodes(cluster: Cluster, found: readonly Suspicion[], facts: Facts): Promise<void> {
  if (!found.some(({ cause }) => cause === "unschedulable")) return;
  const { items } = await cluster.list({ apiVersion: "v1", kind: "Node" }).catch(() => ({ items: [] }));
  for (const node of items) facts.put(node as Live);
}

/** Decides what is said of an object, and when. `tell` returns when it wants to be asked again. */
function createVoice(onProgress: (progress: Progress) => void, mask: (text: string) => string, began: number) {
  const said = new Map<string, { text: string; at: number; still: number }>();
  const told = new Set<string>();
  return {
    tell({ live, state }: Look, facts: Facts, now: number, first: boolean): number {
      const object = keyOf(live);
      const last = said.get(object);
      const seconds = Math.round((now - began) / 1000);
      if (!state.done)
        for (const { about, event } of newWarnings(live, facts, told)) onProgress({ type: "event", object, pod: about.kind === "Pod" ? about.metadata.name : undefined, text: mask(`${about.kind} ${about.metadata.name}: ${event.reason}: ${event.message}`).slice(0, 400) });
      const text = mask(state.done ? state.message : waitingText(live, state, facts));
      if (last?.text === text) {
        if (state.done) return Infinity;
        // Nothing new for so long: a sign of life, ever more seldom.
        if (now < last.at + last.still) return last.at + last.still;
        onProgress({ type: "waiting", object, text: `${text} (${seconds} s)` });
        said.set(object, { text, at: now, still: last.still * 2 });
        return now + last.still * 2;
      }
      const quietUntil = (last?.at ?? began) + quietMilliseconds;
      if (!state.done && now < quietUntil) return quietUntil;
      said.set(object, { text, at: now, still: 15_000 });
      // What is ready from the start is not worth a line.
      if (state.done && !first) onProgress({ type: "done", object, text: `${text}${seconds > 5 ? ` (${seconds} s)` : ""}` });
      else if (!state.done) onProgress({ type: "waiting", object, text });
      return now + 15_000;
    },
  };
}

/** Another pod of the same object that fails in the same way, if not for so long; or what explains that its time was up. */
const isAlike = (one: Suspicion) => (other: Suspicion) =>
  keyOf(one.object) === keyOf(other.object) && ((one.cause === other.cause && one.container === other.container) || other.cause === "progress-deadline");

/** Nobody wants to read the log of a program that has missed a probe or two while it started. */
const isYoung = ({ misses = Infinity }: Suspicion) => misses < 3;

/** Tells each line once, of containers that fail; of others it keeps them until they do. */
function createLogVoice(onProgress: (progress: Progress) => void) {
  const kept = new Map<string, Progress[]>();
  const shown = new Set<string>();
  // More than that nobody reads; the report has the last ones.
  const most = 200;
  return {
    keep(object: string, pod: string, container: string, text: string): void {
      const key = `${pod} ${container}`;
      kept.set(key, [...(kept.get(key) ?? []).slice(-39), { type: "log", object, pod, container, text }]);
    },
    show(pod: string, container: string): void {
      const key = `${pod} ${container}`;
      for (const line of kept.get(key) ?? []) {
        // A container that is started again writes the same again, and so do the pods beside it.
        const same = `${line.object} ${container} ${line.text.replace(/\d+/g, "#")}`;
        if (shown.size >= most || shown.has(same)) continue;
        shown.add(same);
        onProgress(line);
      }
      kept.delete(key);
    },
  };
}

/** Wakes the one who waits, at a change or at a time. */
function createBell(signal: AbortSignal) {
  let rung = false;
  let wake = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  aborted.catch(() => {});
  return {
    aborted,
    ring() {
      rung = true;
      wake();
    },
    async next(time: number): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      if (!rung) await Promise.race([aborted, new Promise<void>((resolve) => ((wake = resolve), (timer = setTimeout(resolve, Math.max(0, time - Date.now())))))]).finally(() => clearTimeout(timer));
      else await Promise.race([aborted, new Promise<void>((resolve) => setTimeout(resolve, burstMilliseconds))]);
      rung = false;
    },
  };
}

/** Plain lines to stderr. */
export function printProgress({ type, object, pod, container, text }: Progress): void {
  if (type === "done") sayDone(`${object}: ${text}`);
  else if (type === "waiting") working(`${object}: ${text}`);
  else if (type === "event") warn(`${object}: ${text}`);
  else say(`   ${pod}${container && !pod?.startsWith(`${container}-`) ? ` ${container}` : ""} | ${text}`);
}
