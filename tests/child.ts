import { execFile, execFileSync, type ExecFileOptions } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** The environment of a person's shell: without what npm and vitest add to that of a test. */
export function shellEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|FORCE_COLOR$|TEST$)/i.test(name)) delete env[name];
  // A machine's own npm settings may be ones that npm warns of.
  return { ...env, NO_COLOR: "1", npm_config_loglevel: "error", ...changes };
}

/** Runs a command to its end, whatever its exit code. */
export const run = (program: string, args: readonly string[], options: ExecFileOptions = {}): Promise<Result> =>
  new Promise((resolve) => {
    execFile(program, args, { env: shellEnvironment(), maxBuffer: 64e6, ...options }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : 1) : 0;
      resolve({ code, stdout: String(stdout), stderr: String(stderr) });
    });
  });

/** @returns whether a program of that name is on the PATH */
export const has = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

/** Copies what git would commit, uncommitted edits too, and nothing else. */
export function copyCheckout(folder: string): void {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  for (const path of listed.split("\0")) {
    if (!path || !existsSync(path)) continue; // deleted, and not committed yet
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(path, join(folder, path));
  }
}
