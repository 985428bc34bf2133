import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { oneAtATime } from "./one-at-a-time.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "one-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("refuses the second setup of a cluster and names the process of the first; another cluster's may run", async () => {
  const server = await oneAtATime("dev", folder);
  await expect(oneAtATime("dev", folder)).rejects.toMatchObject({ why: `as process ${process.pid}` });
  const other = await oneAtATime("other", folder);
  for (const one of [server, other]) one.close();
});

it("is not held up by a process that was killed", async () => {
  const held = `await (await import("./scripts/lib/setup/one-at-a-time.ts")).oneAtATime("dev", ${JSON.stringify(folder)}); process.kill(process.pid, "SIGKILL")`;
  const killed = promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", held]);
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  (await oneAtATime("dev", folder)).close();
});
