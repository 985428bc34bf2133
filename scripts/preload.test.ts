import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { shellEnvironment } from "../tests/child.ts";

let root: string;
const has = (name: string) => existsSync(join(root, name));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "preload-"));
  for (const folder of ["scripts", "bin"]) mkdirSync(join(root, folder));
  cpSync("scripts/preload.mjs", join(root, "scripts/preload.mjs"));
  writeFileSync(join(root, "package-lock.json"), "{}");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A script behind the preload, with an npm of a few lines, in a process group of its own as in a terminal. */
function start(npm: string) {
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\n${npm}\n`);
  chmodSync(join(root, "bin/npm"), 0o755);
  const env = shellEnvironment({ npm_command: "start", PATH: `${join(root, "bin")}${delimiter}${process.env["PATH"]}` });
  const child = spawn(process.execPath, ["--import", "./scripts/preload.mjs", "--eval", 'require("node:fs").writeFileSync("started", "")'], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"], detached: true });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const closed = once(child, "close").then(([code]) => ({ code: code as number | null, stderr }));
  return { pid: child.pid!, closed };
}

// npm puts back what was there and ends itself by the same signal, or as if it had failed, or is through just then.
it.each(["trap - INT; kill -s INT $$", "exit 1", "exit 0"])("Ctrl-C while packages are installed waits until npm has undone what it did: %s", async (end) => {
  const { pid, closed } = start(`trap 'sleep 0.3; : > undone; ${end}' INT\n: > begun\nwhile :; do sleep 0.05; done`);
  await vi.waitFor(() => expect(has("begun")).toBe(true), { timeout: 30_000 });
  process.kill(-pid, "SIGINT");
  const { code, stderr } = await closed;
  expect(has("undone")).toBe(true);
  expect(code).toBe(130);
  expect(stderr).toContain("✗ interrupted");
  expect(has("started")).toBe(false);
});

it("what is asked for runs once packages are installed", async () => {
  const { closed } = start("exit 0");
  expect(await closed).toEqual({ code: 0, stderr: " • installing packages …\n ✓ packages installed\n" });
  expect(has("started")).toBe(true);
});

it("a script that npm fails for does not run", async () => {
  const { closed } = start("exit 7");
  const { code, stderr } = await closed;
  expect([code, has("started")]).toEqual([1, false]);
  expect(stderr).toContain("try again: npm ci");
});
