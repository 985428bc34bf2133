import { execFile, spawn } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { endGroup, membersOf, startOf } from "./groups.ts";

/** What another terminal is told, and the next start in case this one is killed. */
export interface SessionState {
  readonly pid: number;
  readonly startedAt: string;
  readonly urls: readonly { readonly url: string; readonly process: string }[];
  readonly processes: readonly ProcessState[];
}

export interface ProcessState {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  /** Tells it from a later process with the same number. */
  readonly start?: string;
  readonly ports: readonly number[];
  readonly since?: string;
  readonly restarts: number;
  readonly log: string;
  readonly docker?: string;
  readonly note?: string;
}

export interface Session {
  write(state: SessionState): void;
  end(): void;
}

interface Owner {
  readonly pid: number;
  readonly start: string | undefined;
}

const stateFile = (folder: string) => join(folder, "running.json");

/**
 * Makes this process the only runner of this folder, and ends what an earlier one that was killed has left behind.
 * @param folder what the runner writes to
 * @param onLeftovers told how many processes were ended
 * @throws UserError when another runner is at work
 */
export async function claimSession(folder: string, onLeftovers: (count: number) => void): Promise<Session> {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "runner.lock");
  const own = join(folder, `runner.${process.pid}`);
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) } satisfies Owner));
  try {
    for (let attempt = 0; !take(own, lock); attempt++) {
      const owner = readJson<Owner>(lock);
      if ((owner && isAlive(owner)) || attempt > 5) throw alreadyRuns(folder, owner?.pid);
      rmSync(lock, { force: true });
    }
  } finally {
    unlinkSync(own);
  }
  const left = readJson<SessionState>(stateFile(folder));
  const count = left ? await endLeftovers(left) : 0;
  if (count > 0) onLeftovers(count);
  return {
    write(state) {
      writeFileSync(`${stateFile(folder)}.new`, JSON.stringify(state));
      renameSync(`${stateFile(folder)}.new`, stateFile(folder));
    },
    end() {
      rmSync(stateFile(folder), { force: true });
      rmSync(lock, { force: true });
    },
  };
}

/** @returns what the runner of this folder does, if there is one */
export function readSession(folder: string): SessionState | undefined {
  const owner = readJson<Owner>(join(folder, "runner.lock"));
  return owner && isAlive(owner) ? readJson<SessionState>(stateFile(folder)) : undefined;
}

function alreadyRuns(folder: string, pid: number | undefined): UserError {
  const urls = readSession(folder)?.urls.map(({ url }) => url) ?? [];
  return new UserError("the application runs here already", {
    why: `process ${pid} runs it${urls.length > 0 ? `: ${urls.join(", ")}` : ""}`,
    next: `npx zx scripts/dev.mts status   (kill ${pid} ends it)`,
  });
}

/** Linking a complete file is the one way to lock that shows no half-written lock to others. */
function take(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

const isAlive = ({ pid, start }: Owner) => start !== undefined && startOf(pid) === start;

async function endLeftovers({ processes }: SessionState): Promise<number> {
  // The leader itself, or what is left of its group: a number is not given again while its group lives.
  const leaders = processes.flatMap(({ pid, start }) =>
    pid !== undefined && membersOf(pid).length > 0 && [start, undefined].includes(startOf(pid)) ? [pid] : [],
  );
  await Promise.all(leaders.map((leader) => endGroup(leader, { leaderMs: 1000, allMs: 2000 })));
  const containers = processes.flatMap(({ docker }) => docker ?? []);
  await removeContainers(containers);
  return leaders.length;
}

/** Docker's command may be killed while its container goes on. */
export async function removeContainers(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await new Promise<void>((resolve) => execFile("docker", ["rm", "--force", ...names], () => resolve()));
}

/** The same for a process that is about to end, and can't wait. */
export function killContainers(names: readonly string[]): void {
  if (names.length === 0) return;
  const remover = spawn("docker", ["rm", "--force", ...names], { stdio: "ignore", detached: true });
  remover.on("error", () => {});
  remover.unref();
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
