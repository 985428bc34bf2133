import { spawn, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endGroup, signalGroup, type Guard } from "./groups.ts";
import { isSourceError, lacksPackage } from "./likely-fix.ts";
import type { Log } from "./logs.ts";
import type { PlannedProcess } from "./plan.ts";
import { probeOnce, readinessOf, type Answer } from "./probe.ts";
import { watchFolder } from "./watch.ts";

/**
 * starting: runs, and has not answered yet; ready: answers; silent: has answered and does not any more; waiting: ended,
 * and starts again in a while; stopped: for good.
 */
export type State = "starting" | "ready" | "silent" | "waiting" | "stopped";

export type Event =
  | { readonly kind: "ready"; readonly afterMs: number; readonly again: boolean }
  | { readonly kind: "silent"; readonly why: string; readonly waitsForEdit: boolean }
  | { readonly kind: "slow"; readonly why: string }
  | { readonly kind: "ended"; readonly how: string; readonly restartInMs: number };

export interface Supervised {
  readonly process: PlannedProcess;
  readonly state: State;
  readonly pid: number | undefined;
  readonly restarts: number;
  readonly since: Date;
  /** How it ended, when it waits to be started again. */
  readonly ended: string | undefined;
  readonly log: Log;
  /** @returns whether it is ready within that time; false at once when it does not run */
  readyWithin(ms: number): Promise<boolean>;
  /** A connection was refused: asks more often until it answers. */
  suspect(): void;
  /** SIGTERM to the whole group, SIGKILL to what is left after some seconds. */
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
}

export interface SuperviseOptions {
  /** The project's folder. */
  readonly root: string;
  /** What every process inherits. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly guard: Guard;
  readonly onEvent: (event: Event) => void;
  /** Its process or state is another one. */
  readonly onChange: () => void;
}

const longestDelayMs = 30_000;
// A reload of the sample takes a third of a second; slower ones are measured by their own start.
const leastSilenceMs = 3000;

/**
 * Runs a process, restarts it with growing delay when it ends or nothing listens any more, and asks its probes. What
 * listens and does not answer is left alone, whatever its liveness probe says: it may stand at a breakpoint.
 */
export function supervise(planned: PlannedProcess, { root, env: inherited, log, guard, onEvent, onChange }: SuperviseOptions): Supervised {
  const cwd = join(root, planned.folder);
  const env = { ...inherited, ...planned.env };
  let state: State = "starting";
  let child: ChildProcess | undefined;
  let since = new Date();
  let startedAt = 0;
  let firstReadyMs: number | undefined;
  let readySince = 0;
  let failures = 0;
  let restarts = 0;
  let ended: string | undefined;
  let silentSince: number | undefined;
  let announcedSilence = false;
  let announcedSlow = false;
  let timer: NodeJS.Timeout | undefined;
  let stopEditWatch: (() => void) | undefined;
  const waiters = new Set<() => void>();
  const leaders = new Set<number>();
  const endings = new Set<Promise<void>>();
  const unfinished = new Set<Promise<void>>();

  const become = (next: State) => {
    if (state === next) return;
    state = next;
    for (const wake of waiters) wake();
    onChange();
  };
  const delayMs = () => Math.min(longestDelayMs, 500 * 2 ** Math.max(0, failures - 1));
  const later = (ms: number, run: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(run, ms);
  };

  function start() {
    stopEditWatch?.();
    stopEditWatch = undefined;
    if (state === "stopped") return;
    const [program = "", ...args] = planned.command;
    startedAt = performance.now();
    since = new Date();
    ended = undefined;
    silentSince = undefined;
    announcedSilence = announcedSlow = false;
    const started = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    child = started;
    if (started.pid !== undefined) {
      leaders.add(started.pid);
      guard.add(started.pid);
    }
    for (const stream of ["stdout", "stderr"] as const) started[stream].on("data", (chunk: Buffer) => log.write(stream, chunk));
    const drained = new Promise((resolve) => started.once("close", resolve));
    const closed = new Promise<string>((close) => {
      started.once("error", (error: NodeJS.ErrnoException) => close(error.code === "ENOENT" ? `could not be started: ${program} is not there` : `could not be started: ${error.message}`));
      started.once("exit", (code, signal) => close(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
    });
    const finished = closed.then((how) => finish(started, how, drained)).finally(() => unfinished.delete(finished));
    unfinished.add(finished);
    if (state !== "starting") become("starting");
    else onChange();
    later(10, ask);
  }

  /** The leader is gone; its children go too, before another one takes their ports. */
  async function finish(gone: ChildProcess, how: string, drained: Promise<unknown>) {
    await end(gone.pid);
    // What it wrote last may still be in the pipe; who left the group may hold that open for ever, and must not keep
    // the runner from its end.
    await Promise.race([drained, sleep(200)]);
    for (const stream of [gone.stdout, gone.stderr]) (stream as Socket | null)?.unref();
    log.flush();
    if (child !== gone) return;
    child = undefined;
    if (state === "stopped") return;
    if (readySince > 0 && performance.now() - readySince > 10_000) failures = 0;
    readySince = 0;
    failures++;
    restarts++;
    ended = how;
    become("waiting");
    onEvent({ kind: "ended", how, restartInMs: delayMs() });
    later(delayMs(), start);
    // Whoever mends it need not wait.
    stopEditWatch = watchFolder(cwd, () => later(0, start));
  }

  async function ask() {
    const asked = child;
    if (!asked) return;
    const probe = state === "starting" ? (planned.startup ?? planned.readiness) : readinessOf(planned);
    let answer = await probeOnce(probe, planned, cwd, env);
    if (answer === "ok" && state === "starting" && planned.startup && planned.readiness)
      answer = await probeOnce(planned.readiness, planned, cwd, env);
    if (asked !== child || state === "stopped" || state === "waiting") return;
    if (answer === "ok") return answered();
    if (wasInstalled()) {
      log.mark();
      return replace("lacked a package that is installed now");
    }
    if (state === "starting") return stillStarting(answer);
    stillSilent(answer);
  }

  function answered() {
    const afterMs = performance.now() - startedAt;
    const before = state;
    const event: Event | undefined =
      before === "starting"
        ? { kind: "ready", afterMs, again: restarts > 0 }
        : announcedSilence
          ? { kind: "ready", afterMs: performance.now() - (silentSince ?? performance.now()), again: true }
          : undefined;
    if (before === "starting") firstReadyMs ??= afterMs;
    if (before !== "ready") readySince = performance.now();
    silentSince = undefined;
    announcedSilence = false;
    log.mark();
    become("ready");
    if (event) onEvent(event);
    later((readinessOf(planned)?.periodSeconds ?? 10) * 1000, ask);
  }

  function stillStarting(answer: Answer) {
    const elapsed = performance.now() - startedAt;
    const { failureThreshold = 3, periodSeconds = 10, initialDelaySeconds = 0 } = planned.startup ?? { failureThreshold: 60, periodSeconds: 1 };
    if (elapsed > 5000 && !announcedSlow) {
      announcedSlow = true;
      onEvent({ kind: "slow", why: wordsOf(answer) });
    }
    const limit = (failureThreshold * periodSeconds + initialDelaySeconds) * 1000;
    if (elapsed > limit && !isSourceError(log.recent(40))) return replace(`was not ready within ${limit / 1000} s (${wordsOf(answer)})`);
    // Often at first, for most are ready within half a second; a command as a probe costs a process each time.
    const often = planned.startup?.exec || planned.readiness?.exec ? 100 : 15;
    later(Math.min(250, Math.max(often, elapsed / 20)), ask);
  }

  function stillSilent(answer: Answer) {
    silentSince ??= performance.now();
    const silentFor = performance.now() - silentSince;
    const { failureThreshold = 3, periodSeconds = 10 } = readinessOf(planned) ?? {};
    // Nothing listens: a reload takes about as long as a start. An answer that is wrong is the probe's to judge.
    const patience = answer === "refused" ? Math.max(leastSilenceMs, 4 * (firstReadyMs ?? 0)) : failureThreshold * periodSeconds * 1000;
    if (silentFor > patience) {
      const waitsForEdit = isSourceError(log.recent(40));
      if (!announcedSilence) onEvent({ kind: "silent", why: wordsOf(answer), waitsForEdit });
      announcedSilence = true;
      become("silent");
      // It keeps running meanwhile: a watcher must not miss the edit that mends it.
      if (!waitsForEdit && answer === "refused" && silentFor > patience + delayMs()) return replace("stopped answering");
    }
    later(answer === "refused" ? 50 : 250, ask);
  }

  /** A watcher of sources does not see a package come. npm writes this file last, in `npm ci` and `npm install` alike. */
  function wasInstalled(): boolean {
    const installedAt = statSync(join(root, "node_modules/.package-lock.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return installedAt > since.getTime() && lacksPackage(log.recent(40));
  }

  /** Ends what runs; `finish` does the rest, but without a delay: it was waited for already. */
  function replace(how: string) {
    const replaced = child;
    child = undefined;
    failures++;
    restarts++;
    state = "starting";
    onEvent({ kind: "ended", how, restartInMs: 0 });
    void end(replaced?.pid).then(start);
  }

  function end(leader: number | undefined): Promise<void> {
    if (leader === undefined || !leaders.has(leader)) return Promise.resolve();
    const ending = endGroup(leader).finally(() => {
      endings.delete(ending);
      leaders.delete(leader);
      guard.remove(leader);
    });
    endings.add(ending);
    return ending;
  }

  start();
  return {
    process: planned,
    log,
    get state() {
      return state;
    },
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    get since() {
      return since;
    },
    get ended() {
      return ended;
    },
    readyWithin(ms) {
      if (state === "ready") return Promise.resolve(true);
      if (state === "waiting" || state === "stopped") return Promise.resolve(false);
      return new Promise((resolve) => {
        const look = () => {
          if (state !== "starting" && state !== "silent") settle();
        };
        const settle = () => {
          clearTimeout(deadline);
          waiters.delete(look);
          resolve(state === "ready");
        };
        const deadline = setTimeout(settle, ms);
        waiters.add(look);
      });
    },
    suspect() {
      if (state !== "ready" || silentSince !== undefined) return;
      silentSince = performance.now();
      later(0, ask);
    },
    async stop() {
      become("stopped");
      clearTimeout(timer);
      stopEditWatch?.();
      await Promise.all([end(child?.pid), ...endings, ...unfinished]);
    },
    kill() {
      state = "stopped";
      for (const leader of leaders) signalGroup(leader, "SIGKILL");
    },
  };
}

const wordsOf = (answer: Answer) => (typeof answer === "object" ? answer.wrong : "nothing listens on its port");
