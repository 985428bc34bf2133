import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import type { Problem } from "./problems.ts";
import type { Shell } from "./shell.ts";

/** A port of this machine and where it is set. */
export interface WantedPort {
  readonly port: number;
  readonly for: string;
  /** How to take another one. */
  readonly change: string;
}

/**
 * @returns one problem for each port that something listens on already, with who it is as far as it can be seen
 */
export async function checkPorts($: Shell, wanted: readonly WantedPort[]): Promise<Problem[]> {
  const problems = await Promise.all(
    wanted.map(async ({ port, for: purpose, change }): Promise<Problem | undefined> => {
      if (!(await listens(port))) return undefined;
      const holder = await holderOf($, port);
      return { what: `port ${port} is taken ${holder.who}`, why: `${purpose} needs it`, next: `${holder.stop}, or ${change}` };
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** Connecting needs no privilege, unlike binding a port below 1024, and sees what listens on all addresses too. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: boolean) => (socket.destroy(), resolve(answer));
    socket.once("connect", () => end(true)).once("error", () => end(false));
    // A listener whose queue is full does not answer.
    socket.setTimeout(2000, () => end(true));
  });
}

interface Holder {
  readonly who: string;
  readonly stop: string;
}

async function holderOf($: Shell, port: number): Promise<Holder> {
  // First: Docker's proxy belongs to root and names no container.
  const published = await $({ nothrow: true })`docker ps --filter publish=${port} --format ${"{{.Names}}"}`;
  const container = published.exitCode === 0 ? published.stdout.split("\n")[0]!.trim() : "";
  if (container) return { who: `by the container ${container}`, stop: `docker stop ${container}` };
  return process.platform === "linux" ? linuxHolder(port) : lsofHolder($, port);
}

async function lsofHolder($: Shell, port: number): Promise<Holder> {
  const { stdout } = await $({ nothrow: true })`lsof -nP -iTCP:${port} -sTCP:LISTEN`;
  const [command, pid] = stdout.split("\n")[1]?.split(/\s+/) ?? [];
  return pid ? named(command!, Number(pid)) : { who: "by a process of another user", stop: `stop it (sudo lsof -nP -iTCP:${port} -sTCP:LISTEN names it)` };
}

const named = (command: string, pid: number): Holder => ({ who: `by ${command} (process ${pid})`, stop: `kill ${pid}` });

function linuxHolder(port: number): Holder {
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeners(read(file) ?? "", port));
  for (const { inode } of sockets) {
    const pid = processWith(inode);
    if (pid !== undefined) return named(commandOf(pid), pid);
  }
  const user = sockets[0] === undefined ? undefined : userName(sockets[0].uid);
  return {
    who: user ? `by a process of the user ${user}` : "by a process that can't be seen from here",
    stop: `stop it (sudo ss -ltnp 'sport = :${port}' names it)`,
  };
}

/**
 * @param table text of /proc/net/tcp or tcp6: https://docs.kernel.org/networking/proc_net_tcp.html
 * @returns the sockets that listen on a port
 */
export function listeners(table: string, port: number): { inode: string; uid: number }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === "0A")
    .map((fields) => ({ inode: fields[9]!, uid: Number(fields[7]) }));
}

/** Other users' processes can't be looked into: those are passed over. */
function processWith(inode: string): number | undefined {
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name)))
    for (const descriptor of list(`/proc/${pid}/fd`))
      try {
        if (readlinkSync(`/proc/${pid}/fd/${descriptor}`) === `socket:[${inode}]`) return Number(pid);
      } catch {
        // It was closed in between.
      }
  return undefined;
}

function commandOf(pid: number): string {
  const words = (read(`/proc/${pid}/cmdline`) ?? "").split("\0").filter(Boolean);
  const text = words.length > 0 ? words.join(" ") : (read(`/proc/${pid}/comm`) ?? "a process").trim();
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const userName = (uid: number): string =>
  (read("/etc/passwd") ?? "").split("\n").find((line) => line.split(":")[2] === String(uid))?.split(":")[0] ?? `with id ${uid}`;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
