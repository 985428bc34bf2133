import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { membersOf, startOf } from "./groups.ts";
import { claimSession, readSession, type SessionState } from "./session.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "session-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = (processes: SessionState["processes"] = []): SessionState => ({ pid: process.pid, startedAt: new Date(0).toISOString(), urls: [{ url: "https://dev.localhost", process: "page" }], processes });
const processState = (pid: number, start = startOf(pid)) => ({ name: "app", state: "ready", pid, start, ports: [], restarts: 0, log: "" });
const sleeper = () => spawn("sh", ["-c", "sleep 300 & wait"], { detached: true, stdio: "ignore" });

it("a second start in the same folder is told who runs already", async () => {
  const session = await claimSession(folder, () => {});
  session.write(state());
  await expect(claimSession(folder, () => {})).rejects.toMatchObject({ message: "the application runs here already", why: `process ${process.pid} runs it: https://dev.localhost` });
  expect(readSession(folder)).toEqual(state());
  session.end();
  expect(readSession(folder)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  (await claimSession(folder, () => {})).end();
});

it("a lock of a process that is gone, or whose number another one has now, is no lock", async () => {
  for (const owner of [{ pid: 2 ** 22 - 3, start: "1" }, { pid: process.pid, start: "another" }, "{half"]) {
    writeFileSync(join(folder, "runner.lock"), typeof owner === "string" ? owner : JSON.stringify(owner));
    (await claimSession(folder, () => {})).end();
  }
});

it("what a killed runner left behind is ended, children of children too", async () => {
  const left = sleeper();
  const killed = await claimSession(folder, () => {});
  killed.write(state([processState(left.pid!)]));
  writeFileSync(join(folder, "runner.lock"), JSON.stringify({ pid: 2 ** 22 - 3, start: "1" }));
  let ended = 0;
  await claimSession(folder, (count) => (ended = count));
  expect(ended).toBe(1);
  expect(membersOf(left.pid!)).toEqual([]);
});

it("a process that only has the number of an old one is left alone", async () => {
  const stranger = sleeper();
  const killed = await claimSession(folder, () => {});
  killed.write(state([processState(stranger.pid!, "another")]));
  writeFileSync(join(folder, "runner.lock"), JSON.stringify({ pid: 2 ** 22 - 3, start: "1" }));
  let ended = 0;
  await claimSession(folder, (count) => (ended = count));
  expect(ended).toBe(0);
  expect(membersOf(stranger.pid!).length).toBeGreaterThan(0);
  process.kill(-stranger.pid!, "SIGKILL");
});
