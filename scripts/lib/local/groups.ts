import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// Each process leads a group of its own, so that its children are reached with it.

/** Sends a signal to all of a group; nothing when none of it is left. */
export const signalGroup = (leader: number, name: NodeJS.Signals) => signal(-leader, name);

function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** @returns the members of a group that still run; dead ones that nobody has collected don't count */
export function membersOf(leader: number): number[] {
  try {
    process.kill(-leader, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return [];
  }
  return list()
    .filter(({ group, state }) => group === leader && !/^[ZX]/.test(state))
    .map(({ pid }) => pid);
}

interface Member {
  readonly pid: number;
  readonly group: number;
  readonly state: string;
}

function list(): Member[] {
  if (process.platform === "linux")
    return readdirSync("/proc").flatMap((name) => {
      const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
      return stat ? [{ pid: Number(name), ...stat }] : [];
    });
  const text = execFileSync("ps", ["-axo", "pid=,pgid=,stat="], { encoding: "utf8" });
  return text.trim().split("\n").map((line) => {
    const [pid, group, state = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), group: Number(group), state };
  });
}

/**
 * Ends a group. Its leader is asked first: a watcher passes the signal on, and waits for its program to stop in order;
 * asked twice, many stop in the middle. What is left is asked next, and killed in the end.
 */
export async function endGroup(leader: number, patience = { leaderMs: 3000, allMs: 5000 }): Promise<void> {
  const begun = performance.now();
  const until = async (deadline: number, over: (members: number[]) => boolean) => {
    for (let pause = 5; ; pause = Math.min(40, pause * 2)) {
      const members = membersOf(leader);
      if (over(members) || performance.now() - begun > deadline) return members;
      await sleep(pause);
    }
  };
  signal(leader, "SIGTERM");
  let left = await until(patience.leaderMs, (members) => !members.includes(leader));
  if (left.length > 0) {
    signalGroup(leader, "SIGTERM");
    left = await until(patience.allMs, (members) => members.length === 0);
  }
  if (left.length === 0) return;
  signalGroup(leader, "SIGKILL");
  // What is killed still has to be taken down, and holds its ports meanwhile.
  await until(performance.now() - begun + 1000, (members) => members.length === 0);
}

/**
 * @returns a text that tells a process from a later one with the same number: when it started; undefined when there is
 * none
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = statOf(pid);
    return stat && stat.state !== "Z" ? stat.start : undefined;
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function statOf(pid: number): { state: string; group: number; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in brackets that may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, group: Number(fields[2]), start: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Ends what is left of groups, when the runner can't do so itself any more. */
export interface Guard {
  add(leader: number): void;
  remove(leader: number): void;
  /** All is stopped: nothing is left to guard. */
  dismiss(): void;
}

// It reads "+ 123" and "- 123", keeps the list as its own arguments, and acts when the other end of the pipe is gone.
const script = `
trap '' INT HUP TERM
while read -r sign group; do
  case $sign in
    +) set -- "$@" "$group" ;;
    -) count=$#; for one in "$@"; do [ "$one" = "$group" ] || set -- "$@" "$one"; done; shift "$count" ;;
    .) exit 0 ;;
  esac
done
for group in "$@"; do kill -s TERM "$group" 2>/dev/null; done
left() { for group in "$@"; do kill -s 0 -- "-$group" 2>/dev/null && return 0; done; return 1; }
for second in 1 2 3 4 5 6; do
  left "$@" || exit 0
  sleep 0.5
  [ "$second" = 3 ] && for group in "$@"; do kill -s TERM -- "-$group" 2>/dev/null; done
done
for group in "$@"; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

/** Starts a small shell that ends the groups when this process is gone, however it ends. */
export function startGuard(): Guard {
  const shell = spawn("sh", ["-c", script, "guard"], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // Without it only the next start would clean up.
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  const say = (line: string) => shell.stdin.write(`${line}\n`);
  return {
    add: (leader) => void say(`+ ${leader}`),
    remove: (leader) => void say(`- ${leader}`),
    dismiss: () => {
      say(".");
      shell.stdin.end();
    },
  };
}
