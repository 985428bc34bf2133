import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
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

/** What Node is started with to hold the cluster in a process of its own. */
const holding = (then: string) => ["--import", "tsx", "--input-type=module", "--eval", `await (await import("./scripts/lib/setup/one-at-a-time.ts")).oneAtATime("dev", ${JSON.stringify(folder)}); ${then}`];

it("says that the first is suspended when it does not answer, and leaves it the cluster", async () => {
  const holder = spawn(process.execPath, holding('setInterval(() => {}, 1000); console.log("held")'), { stdio: ["ignore", "pipe", "ignore"] });
  try {
    await once(holder.stdout, "data");
    holder.kill("SIGSTOP");
    for (let time = 1; time <= 2; time++) await expect(oneAtATime("dev", folder)).rejects.toMatchObject({ message: expect.stringContaining("is suspended"), next: expect.stringMatching(/^fg /) });
  } finally {
    holder.kill("SIGKILL");
    await once(holder, "close");
  }
});

it("is not held up by a process that was killed", async () => {
  const killed = promisify(execFile)(process.execPath, holding('process.kill(process.pid, "SIGKILL")'));
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  (await oneAtATime("dev", folder)).close();
});
