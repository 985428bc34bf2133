import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

// What takes much memory and is done once runs in a process of its own: the runner stays for the day.

/** What a script of this folder left. */
export interface ChildResult {
  readonly code: number | null;
  /** What it wrote to descriptor 3: the other two are for people. */
  readonly result: string;
  /** What it wrote to stderr. */
  readonly errors: string;
}

/**
 * @param script a file of this folder
 * @param options `folder` is its working directory
 * @throws when it can't be started
 */
export function runChild(script: string, args: readonly string[], { folder = process.cwd() } = {}): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...typeScriptFlags(), fileURLToPath(new URL(script, import.meta.url)), ...args], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    let result = "";
    let errors = "";
    const [, , stderr, three] = child.stdio;
    (stderr as NodeJS.ReadableStream).setEncoding("utf8").on("data", (chunk) => (errors += chunk));
    (three as NodeJS.ReadableStream).setEncoding("utf8").on("data", (chunk) => (result += chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, result, errors }));
  });
}

/** Node reads TypeScript by itself from 22.18 on. */
export const typeScriptFlags = (): string[] =>
  process.features.typescript ? [] : ["--import", import.meta.resolve("tsx")];
