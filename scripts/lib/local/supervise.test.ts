import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { shellEnvironment } from "../../../tests/child.ts";
import { endGroup, membersOf, signalGroup, type Guard } from "./groups.ts";
import { openLogs } from "./logs.ts";
import type { PlannedProcess } from "./plan.ts";
import { freePort } from "./ports.ts";
import { supervise, type Event, type Supervised } from "./supervise.ts";

const soon = { timeout: 30_000, interval: 20 };
const guard: Guard = { add() {}, remove() {}, dismiss() {} };
let folder: string;
let port: number;
let events: Event[];
let supervised: Supervised | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "supervise-"));
  port = await freePort(folder, new Set());
  events = [];
});
afterEach(async () => {
  await supervised?.stop();
  supervised = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program of a few lines; `file` keeps it where an edit can reach it. */
function run(program: string, changes: Partial<PlannedProcess> = {}): Supervised {
  writeFileSync(join(folder, "program.mjs"), program);
  const planned: PlannedProcess = {
    ...{ name: "app", command: [process.execPath, "program.mjs"], env: { PORT: String(port) }, folder: ".", ports: { 80: port }, portNames: { http: 80 } },
    ...{ startup: { httpGet: { path: "/livez", port: "http" }, periodSeconds: 1, failureThreshold: 60 }, readiness: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 1 } },
    mounts: { folders: [] },
    ...changes,
  };
  // On a busy machine any start may be a slow one.
  const onEvent = (event: Event) => void (event.kind !== "slow" && events.push(event));
  const logs = openLogs({ folder: join(folder, ".local"), names: ["app"], colours: false, json: false, print() {} });
  return (supervised = supervise(planned, { root: folder, env: shellEnvironment(), log: logs.logOf("app"), guard, onEvent, onChange() {} }));
}

const server = (body = "response.end()") => `
  import { createServer } from "node:http";
  createServer((request, response) => { ${body} }).listen(process.env.PORT, "127.0.0.1");
`;
/** In the order in which npm writes. */
function install(name: string): void {
  mkdirSync(join(folder, "node_modules", name), { recursive: true });
  writeFileSync(join(folder, "node_modules", name, "index.js"), "");
  writeFileSync(join(folder, "node_modules/.package-lock.json"), "{}");
  writeFileSync(join(folder, "package.json"), "{}");
}
const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
const kinds = () => events.map(({ kind }) => kind);

it("is ready when its probes say so, and not before", async () => {
  run(server(`
    globalThis.asked = (globalThis.asked ?? 0) + 1;
    if (request.url === "/open") globalThis.open = true;
    response.statusCode = request.url === "/readyz" && !globalThis.open ? 503 : 200;
    response.end(String(globalThis.asked));
  `));
  await vi.waitFor(async () => expect(Number(await (await get("/count")).text())).toBeGreaterThan(6), soon);
  expect(supervised!.state).toBe("starting");
  await get("/open");
  expect(await supervised!.readyWithin(30_000)).toBe(true);
  expect(kinds()).toEqual(["ready"]);
});

it("a process that ends is started again, and its exit and last lines are known", async () => {
  run(`${server(`if (request.url === "/crash") { console.error("Error: out of ideas"); process.exit(7); } response.end();`)}`);
  await supervised!.readyWithin(30_000);
  const before = supervised!.pid;
  await get("/crash").catch(() => {});
  await vi.waitFor(() => expect(kinds()).toEqual(["ready", "ended", "ready"]), soon);
  expect(events[1]).toMatchObject({ how: "ended with exit code 7" });
  expect(supervised!.log.last(5)).toEqual(["Error: out of ideas"]);
  expect(supervised!.pid).not.toBe(before);
  expect(supervised!.restarts).toBe(1);
});

it("restarts come at growing intervals", async () => {
  run(`process.exit(1)`);
  await vi.waitFor(() => expect(events.length).toBeGreaterThanOrEqual(3), soon);
  const delays = events.flatMap((event) => (event.kind === "ended" ? [event.restartInMs] : []));
  expect(delays.slice(0, 3)).toEqual([500, 1000, 2000]);
  expect(await supervised!.readyWithin(60_000)).toBe(false);
});

it.each<[string, string, () => void]>([
  ["a mended file starts it", `throw new SyntaxError("not yet")`, () => writeFileSync(join(folder, "program.mjs"), server())],
  ["a package that npm adds to its package.json starts it", `import "late"; ${server()}`, () => install("late")],
])("%s at once, however long it would have waited", async (_what, program, mend) => {
  run(program);
  await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ restartInMs: 8000 }), soon);
  mend();
  await vi.waitFor(() => expect(supervised!.state).toBe("ready"), { timeout: 6000, interval: 20 });
});

it("a package that is installed under a watcher of sources, which does not see that, starts it again", async () => {
  writeFileSync(join(folder, "inner.mjs"), `import "late"; ${server()}`);
  run(`import { spawn } from "node:child_process"; spawn(process.execPath, ["inner.mjs"], { stdio: "inherit" }); setInterval(() => {}, 1000);`);
  await vi.waitFor(() => expect(supervised!.log.recent(40).join()).toContain("Cannot find package 'late'"), soon);
  install("late");
  expect(await supervised!.readyWithin(30_000)).toBe(true);
  expect(events).toEqual([{ kind: "ended", how: "lacked a package that is installed now", restartInMs: 0 }, expect.objectContaining({ kind: "ready" })]);
});

it("a wrapper whose program has died inside is replaced", async () => {
  const inner = server(`if (request.url === "/crash") process.exit(1); response.end();`);
  writeFileSync(join(folder, "inner.mjs"), inner);
  run(`import { spawn } from "node:child_process"; spawn(process.execPath, ["inner.mjs"], { stdio: "inherit" }); setInterval(() => {}, 1000);`);
  await supervised!.readyWithin(30_000);
  await get("/crash").catch(() => {});
  await vi.waitFor(() => expect(kinds()).toEqual(["ready", "silent", "ended", "ready"]), soon);
});

it("a wrapper whose program has an error in its source is left to wait for the edit", async () => {
  writeFileSync(join(folder, "inner.mjs"), server(`if (request.url === "/crash") { console.error("SyntaxError: Unexpected token"); process.exit(1); } response.end();`));
  run(`import { spawn } from "node:child_process"; spawn(process.execPath, ["inner.mjs"], { stdio: "inherit" }); setInterval(() => {}, 1000);`);
  await supervised!.readyWithin(30_000);
  const { pid } = supervised!;
  await get("/crash").catch(() => {});
  await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ kind: "silent", waitsForEdit: true }), soon);
  expect(supervised!.pid).toBe(pid);
});

it("stops children of children too, also those that don't want to", async () => {
  const stubborn = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up");`;
  writeFileSync(join(folder, "inner.mjs"), stubborn);
  run(`import { spawn } from "node:child_process"; spawn(process.execPath, ["inner.mjs"], { stdio: "inherit" }); ${server()}`);
  await supervised!.readyWithin(30_000);
  await vi.waitFor(() => expect(supervised!.log.last(5)).toContain("up"), soon);
  const leader = supervised!.pid!;
  expect(membersOf(leader)).toHaveLength(2);
  await supervised!.stop();
  expect(membersOf(leader)).toEqual([]);
});

it("a program that is told to stop finishes what it does, and is told once", async () => {
  const file = join(folder, "told");
  run(`
    import { appendFileSync } from "node:fs";
    process.on("SIGTERM", () => { appendFileSync(${JSON.stringify(file)}, "told "); setTimeout(() => { appendFileSync(${JSON.stringify(file)}, "done"); process.exit(); }, 300); });
    ${server()}`);
  await supervised!.readyWithin(30_000);
  await supervised!.stop();
  expect(readFileSync(file, "utf8")).toBe("told done");
});

it("a program that is not there is named", async () => {
  run("", { command: ["no-such-program"] });
  await vi.waitFor(() => expect(events[0]).toMatchObject({ kind: "ended", how: "could not be started: no-such-program is not there" }), soon);
});

it("what is said last is in the log when it has stopped, also when the process was gone before its words were read", async () => {
  run(`process.on("SIGTERM", () => { console.log("good bye"); process.exit(); }); ${server()}`);
  await supervised!.readyWithin(30_000);
  const leader = supervised!.pid!;
  process.kill(leader, "SIGTERM");
  // Nothing is read meanwhile.
  while (membersOf(leader).length > 0);
  await supervised!.stop();
  expect(supervised!.log.last(1)).toEqual(["good bye"]);
});

it("a descendant that has left the group, and holds the pipe, does not keep the runner from its end", async () => {
  const pipes = () => process.getActiveResourcesInfo().filter((name) => name === "PipeWrap").length;
  const before = pipes();
  const file = join(folder, "daemon");
  run(`
    import { spawn } from "node:child_process";
    import { writeFileSync } from "node:fs";
    const { pid } = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "inherit" });
    writeFileSync(${JSON.stringify(file)}, String(pid));
    ${server()}`);
  await supervised!.readyWithin(30_000);
  const daemon = Number(readFileSync(file, "utf8"));
  onTestFinished(() => void process.kill(daemon, "SIGKILL"));
  await supervised!.stop();
  expect(pipes()).toBe(before);
});

it("what hangs is said to be silent and is left alone: it may stand at a breakpoint", async () => {
  run(server());
  await supervised!.readyWithin(30_000);
  const { pid } = supervised!;
  process.kill(pid!, "SIGSTOP");
  await vi.waitFor(() => expect(supervised!.state).toBe("silent"), soon);
  process.kill(pid!, "SIGCONT");
  await vi.waitFor(() => expect(kinds()).toEqual(["ready", "silent", "ready"]), soon);
  expect(supervised!.pid).toBe(pid);
});

it("a group that has to be killed is gone when its end is said", async () => {
  // It takes a while to take back what they hold.
  const program = `process.on("SIGTERM", () => {}); globalThis.held = Buffer.alloc(1.5e8, 1); console.log("up"); setInterval(() => {}, 1000);`;
  const stubborn = spawn("sh", ["-c", `trap "" TERM; for i in 1 2 3; do "$0" -e '${program}' & done; wait`, process.execPath], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => signalGroup(stubborn.pid!, "SIGKILL"));
  let said = "";
  stubborn.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  await vi.waitFor(() => expect(said).toBe("up\n".repeat(3)), soon);
  await endGroup(stubborn.pid!, { leaderMs: 0, allMs: 0 });
  expect(membersOf(stubborn.pid!)).toEqual([]);
});

it("ends nothing of a group that is gone", async () => {
  await endGroup(2 ** 22 - 3);
});
