import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { styleText } from "node:util";
import { harmless, readable } from "./log-line.ts";

/** Where one process's output goes: a file, the common stream, and the last lines for error pages. */
export interface Log {
  write(stream: "stdout" | "stderr", chunk: Buffer): void;
  /** Ends lines that have no newline: the process is gone. */
  flush(): void;
  last(count: number): string[];
  /** All is well: what was said until now explains nothing that happens later. */
  mark(): void;
  /** The last lines since the mark. */
  recent(count: number): string[];
}

export interface Logs {
  logOf(name: string): Log;
  close(): void;
}

export interface LogOptions {
  readonly folder: string;
  readonly names: readonly string[];
  readonly colours: boolean;
  /** One JSON object for each line in place of text. */
  readonly json: boolean;
  /** The processes that are shown; the files get all. */
  readonly shown?: readonly string[];
  readonly print: (text: string) => void;
}

const palette = ["cyan", "magenta", "green", "yellow", "blue"] as const;
const kept = 50;

export const logFile = (folder: string, name: string) => join(folder, `${name.replaceAll("/", "-")}.log`);

/** Begins a file for each process and one stream for all. */
export function openLogs({ folder, names, colours, json, shown, print }: LogOptions): Logs {
  mkdirSync(folder, { recursive: true });
  const logs = new Map<string, Log>();
  const files: WriteStream[] = [];
  const width = Math.max(0, ...names.map((name) => name.length));

  function open(name: string): Log {
    const file = createWriteStream(logFile(folder, name), { flags: "w" });
    // A full disk must not end the runner; the lines are still shown.
    file.on("error", () => {});
    files.push(file);
    const lines: string[] = [];
    let sinceMark = 0;
    const visible = !shown || shown.includes(name);
    const colour = palette[logs.size % palette.length]!;
    const label = `${name.padEnd(width)} │ `;
    const prefix = colours ? styleText(colour, label, { validateStream: false }) : label;
    const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
    const unfinished = { stdout: "", stderr: "" };

    const take = (stream: "stdout" | "stderr", line: string) => {
      const plain = harmless(line);
      file.write(`${plain}\n`);
      lines.push(plain);
      sinceMark++;
      if (lines.length > kept) lines.shift();
      if (!visible) return;
      if (json) print(`${JSON.stringify({ time: new Date().toISOString(), process: name, stream, line: plain })}\n`);
      else for (const part of readable(line, colours).split("\n")) print(`${prefix}${part}\n`);
    };
    return {
      write(stream, chunk) {
        const parts = (unfinished[stream] + decoders[stream].write(chunk)).split(/\r?\n/);
        unfinished[stream] = parts.pop()!;
        for (const line of parts) take(stream, line);
      },
      flush() {
        for (const stream of ["stdout", "stderr"] as const) {
          if (unfinished[stream]) take(stream, unfinished[stream]);
          unfinished[stream] = "";
        }
      },
      last: (count) => lines.slice(-count),
      mark: () => void (sinceMark = 0),
      recent: (count) => (sinceMark === 0 ? [] : lines.slice(-Math.min(count, sinceMark))),
    };
  }

  return {
    logOf(name) {
      if (!logs.has(name)) logs.set(name, open(name));
      return logs.get(name)!;
    },
    close() {
      for (const file of files) file.end();
    },
  };
}
