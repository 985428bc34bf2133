import { closeSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../errors.ts";
import { readable } from "./log-line.ts";
import { readSession } from "./session.ts";

/** Prints the end of running processes' logs and what comes after it, until `signal` or until the runner ends. */
export async function followLogs(folder: string, names: readonly string[], json: boolean, signal: AbortSignal): Promise<void> {
  const processes = readSession(folder)?.processes.filter(({ log }) => log) ?? [];
  const known = processes.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`no process is called ${unknown.join(", ")}`, { why: `there are ${known.join(", ")}` });
  const colours = Boolean(process.stdout.isTTY) && !process.env["NO_COLOR"];
  const tails = processes.filter(({ name }) => names.includes(name)).map(({ name, log }) => {
    const print = (line: string) =>
      process.stdout.write(json ? `${JSON.stringify({ process: name, line })}\n` : `${names.length > 1 ? `${name} │ ` : ""}${readable(line, colours)}\n`);
    return tail(log, print);
  });
  // Files are looked at, not watched: this works on every file system, and a fifth of a second is soon enough to read.
  while (!signal.aborted) {
    for (const look of tails) look();
    if (!readSession(folder)) return;
    await sleep(200, undefined, { signal }).catch(() => {});
  }
}

const firstBytes = 16_384;

function tail(path: string, print: (line: string) => void): () => void {
  let position: number | undefined;
  let rest = "";
  return () => {
    let size: number;
    try {
      size = statSync(path).size;
    } catch {
      return;
    }
    const first = position === undefined;
    position ??= Math.max(0, size - firstBytes);
    if (size < position) position = 0;
    if (size === position) return;
    const buffer = Buffer.alloc(size - position);
    const file = openSync(path, "r");
    const read = readSync(file, buffer, 0, buffer.length, position);
    closeSync(file);
    const cut = first && position > 0;
    position += read;
    const lines = (rest + buffer.toString("utf8", 0, read)).split("\n");
    rest = lines.pop()!;
    for (const line of cut ? lines.slice(1) : lines) print(line);
  };
}
