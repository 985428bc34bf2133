import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { valkey } from "../../manifests/images.ts";
import { membersOf, startOf } from "../../scripts/lib/local/groups.ts";
import { run } from "../child.ts";
import { patience, RunningClone, type Application } from "./running-clone.ts";

// The project's own manifests and watchers, around servers of a few lines: what is looked at is how they are run.

const server = (answer: string) => `
import { createServer } from "node:http";
const { PORT, HOST, ...env } = process.env;
createServer((request, response) => {
  if (request.url === "/crash") { console.error("Error: out of ideas"); process.exit(3); }
  if (request.url === "/env") return response.end(JSON.stringify(env));
  if (request.url === "/pid") return response.end(String(process.pid));
  response.end(${JSON.stringify(answer)});
}).listen(Number(PORT), HOST);
console.log("listening");
`;

let clone: RunningClone;
let application: Application;

beforeAll(() => {
  clone = new RunningClone();
  for (const folder of ["backend-trpc", "signaling"]) clone.write(`${folder}/src/main.ts`, server("first"));
});
afterEach(async () => {
  await clone.stop();
  // Whatever a test is about: nothing of it stays behind.
  await vi.waitFor(() => expect(clone.processes()).toEqual([]), patience);
  clone.write("backend-trpc/src/main.ts", server("first"));
  rmSync(join(clone.folder, "bin"), { recursive: true, force: true });
});
afterAll(() => clone?.[Symbol.dispose]());

async function begin(args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<void> {
  application = clone.start(args, env);
  await application.ready();
}
const backend = (path = "/") => application.ask("backend.dev.localhost", path);
const answers = (text: string) => vi.waitFor(async () => expect((await backend()).text).toBe(text), patience);
const pids = () => Object.fromEntries(application.status.processes.map(({ name, pid }) => [name, pid]));

it("twenty edits in a row: each is answered, none is lost, and no request on the way fails", async () => {
  await begin();
  const failures: string[] = [];
  for (let edit = 1; edit <= 20; edit++) {
    clone.write("backend-trpc/src/main.ts", server(`edit ${edit}`));
    const saved = performance.now();
    await vi.waitFor(async () => {
      const { status, text } = await backend().catch((error: Error) => ({ status: 0, text: error.message }));
      // The front door holds requests for two seconds; a reload may take longer on a busy machine.
      if ((status !== 200 || !/^(first|edit \d+)$/.test(text)) && performance.now() - saved < 2000) failures.push(`${status} ${text}`);
      expect(text).toBe(`edit ${edit}`);
    }, patience);
  }
  expect(failures).toEqual([]);
});

it("a syntax error shows on the page with its place, and is over with the edit that mends it; neighbours don't notice", async () => {
  await begin();
  const before = pids();
  clone.write("backend-trpc/src/main.ts", "const broken = ;\n");
  await vi.waitFor(async () => {
    const { status, text } = await backend();
    expect(status).toBe(502);
    expect(text).toMatch(/main\.ts:1:15/);
  }, patience);
  await application.says("backend runs, but does not answer");
  await application.says("it waits for an edit");
  await application.says("mend the syntax in backend-trpc");
  clone.write("backend-trpc/src/main.ts", server("mended"));
  await answers("mended");
  await application.says("backend answers again");
  expect(pids()).toEqual(before);
});

it("a crash is shown with its last lines, the process comes back, and its neighbours stay as they are", async () => {
  await begin();
  const before = pids();
  await backend("/crash").catch(() => {});
  await application.says("backend runs, but does not answer");
  await application.says("     Error: out of ideas");
  await answers("first");
  const { backend: restarted, ...others } = pids();
  const { backend: old, ...same } = before;
  expect(others).toEqual(same);
  expect(restarted).not.toBe(old);
});

it("a process that is killed is started again", async () => {
  await begin();
  const { pid } = application.process("landing-page");
  process.kill(pid, "SIGKILL");
  await application.says("landing-page was ended by SIGKILL; it starts again in 0.5 s");
  await vi.waitFor(async () => expect((await application.ask("dev.localhost")).status).toBe(200), patience);
  expect(application.process("landing-page").pid).not.toBe(pid);
});

it("an edited manifest restarts what it changes and nothing else; a broken one changes nothing", async () => {
  await begin();
  const before = pids();
  const manifest = clone.read("manifests/services/backend.ts");

  clone.edit("manifests/services/backend.ts", (text) => `${text}\nthis is not TypeScript`);
  await application.says("the manifests can't be rendered; what runs stays as it is");
  await application.says("manifests/services/backend.ts");
  expect(pids()).toEqual(before);
  expect((await backend()).status).toBe(200);

  clone.write("manifests/services/backend.ts", manifest.replace('LOG_LEVEL: "info"', 'LOG_LEVEL: "debug"'));
  await application.says("manifests applied");
  await vi.waitFor(async () => expect(JSON.parse((await backend("/env")).text)).toMatchObject({ LOG_LEVEL: "debug" }), patience);
  const { backend: restarted, ...others } = pids();
  expect(restarted).not.toBe(before["backend"]);
  expect(others).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== "backend")));
  clone.write("manifests/services/backend.ts", manifest);
});

it("a host that is added to the Ingress is answered at once, with a certificate of its own", async () => {
  await begin();
  const manifest = clone.read("manifests/environment.ts");
  clone.edit("manifests/environment.ts", (text) => text.replace("`backend.${environment.domain}`", "`api.${environment.domain}`"));
  await application.says("manifests applied");
  await vi.waitFor(async () => expect((await application.ask("api.dev.localhost")).text).toBe("first"), patience);
  await expect(application.ask("backend.dev.localhost")).rejects.toThrow(/altnames/);
  clone.write("manifests/environment.ts", manifest);
});

it("npm's own variables and those of this shell don't reach the processes", async () => {
  await begin([], { npm_config_x: "1", NODE_OPTIONS: "--max-old-space-size=4096", LOG_LEVEL: "shell", VALKEY_URL: "redis://shell", OF_MY_OWN: "yes" });
  const env = JSON.parse((await backend("/env")).text) as Record<string, string>;
  expect(env).toMatchObject({ LOG_LEVEL: "info", OF_MY_OWN: "yes" });
  expect(env["VALKEY_URL"]).not.toBe("redis://shell");
  expect(env["npm_config_x"]).toBeUndefined();
  // Without npm, it is this shell's; tsx adds one for its own child, which names its own files only.
  expect(env["NODE_OPTIONS"]).toContain("--max-old-space-size=4096");
  expect(env["NODE_OPTIONS"]).not.toContain("preload");
});

/** @returns what the PATH has, without a Valkey and Docker; with this line of shell for `docker`, if there is one */
function pathWithout(docker?: string): string {
  const bin = join(clone.folder, "bin");
  mkdirSync(bin);
  for (const folder of ["/usr/bin", "/bin"])
    for (const name of readdirSync(folder))
      if (!/^(valkey|redis|docker)/.test(name))
        try {
          symlinkSync(join(folder, name), join(bin, name));
        } catch {
          // It is in the other folder, too.
        }
  if (docker) writeFileSync(join(bin, "docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
  const node = join(process.execPath, "..");
  return node === "/usr/bin" ? bin : `${node}:${bin}`;
}

it.each([
  ["Docker", "Docker is not installed", undefined],
  ["a registry that Docker reaches", `Docker can't pull ${valkey.image} (no such host)`, '[ "$1" = version ] || { echo "no such host" >&2; exit 1; }'],
])("without valkey, redis and %s the rest runs, and one line says so", async (_what, why, docker) => {
  await begin([], { PATH: pathWithout(docker) });
  const lines = application.stderr.split("\n").filter((line) => line.includes("valkey does not run"));
  expect(lines).toEqual([` ! valkey does not run: valkey-server or redis-server is not installed, and ${why}; backend runs without VALKEY_URL`]);
  const env = JSON.parse((await backend("/env")).text) as Record<string, string>;
  expect(env["VALKEY_URL"]).toBeUndefined();
});

it("Ctrl-C while Docker pulls an image ends both", async () => {
  application = clone.start([], { PATH: pathWithout('case $1 in version) ;; pull) exec sleep 300 ;; *) exit 1 ;; esac') });
  await application.says(`pulling ${valkey.image}`);
  expect(await application.stop()).toBe(130);
  expect(clone.processes()).toEqual([]);
});

it("--only starts what is named; the others' pages say so", async () => {
  await begin(["--only", "backend,signaling"]);
  expect(Object.keys(pids()).sort()).toEqual(["backend", "landing-page", "signaling", "valkey"]);
  expect(application.status.processes.filter(({ state }) => state === "missing").map(({ name }) => name).sort()).toEqual(["landing-page", "valkey"]);
  const { status, text } = await application.ask("dev.localhost");
  expect(status).toBe(503);
  expect(text).toContain("landing-page does not run here: left out by --only");
});

it.each(["--only", "--log"])("%s with a name that is none lists those there are", async (flag) => {
  const { code, stderr } = await clone.script(flag, "bakcend", "--https-port", "0", "--http-port", "0");
  expect(code).toBe(2);
  expect(stderr).toContain("the manifests have valkey, signaling, backend, landing-page");
});

it("flags that npm takes for its own are refused, with the line that hands them on", async () => {
  const { code, stderr } = await run("npm", ["start", "--https-port", "0", "--log=backend"], { cwd: clone.folder, env: clone.env() });
  expect(code).toBe(2);
  expect(stderr).toContain("→ npm start -- --log backend --https-port 0");
});

it("a wanted port that another program holds is refused with a way on", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as { port: number };
  const { code, stderr } = await clone.script("--https-port", String(port), "--http-port", "0");
  expect(code).toBe(1);
  expect(stderr).toContain(`port ${port} can't be bound`);
  expect(stderr).toContain("another program holds it");
  holder.close();
});

it("--json puts logs and events on stdout, one object a line, and nothing else", async () => {
  await begin(["--json"]);
  const lines = application.stdout.trim().split("\n").map((line) => JSON.parse(line) as { process: string; line?: string; event?: { kind: string } });
  expect(lines).toContainEqual(expect.objectContaining({ process: "backend", line: "listening" }));
  expect(lines).toContainEqual(expect.objectContaining({ process: "backend", event: expect.objectContaining({ kind: "ready" }) }));
});

it("--log shows the named processes only, and the files hold all", async () => {
  await begin(["--log", "signaling"]);
  expect(application.stdout).toContain("signaling    │ listening");
  expect(application.stdout).not.toMatch(/backend|landing/);
  await vi.waitFor(() => expect(clone.read(".local/logs/backend.log")).toContain("listening"), patience);
});

it.each([0, 150, 400, 800, 1500, 3000])("Ctrl-C %i ms after the start ends everything", async (ms) => {
  application = clone.start();
  await sleep(ms);
  const code = await application.stop();
  expect([130, null]).toContain(code);
  expect(application.stderr).not.toMatch(/unexpected|at .*\.ts:/);
});

it("Ctrl-C while what an earlier start left behind is cleaned up ends the runner, too", async () => {
  const left = spawn("sh", ["-c", "trap '' TERM; while :; do sleep 1; done"], { detached: true, stdio: "ignore" });
  clone.write(".local/running.json", JSON.stringify({ processes: [{ name: "left", pid: left.pid, start: startOf(left.pid!) }] }));
  application = clone.start();
  await vi.waitFor(() => expect(existsSync(join(clone.folder, ".local/runner.lock"))).toBe(true), patience);
  application.child.kill("SIGINT");
  await vi.waitFor(() => expect(application.child.exitCode).toBe(130), patience);
  expect(membersOf(left.pid!)).toEqual([]);
});

it("SIGTERM ends everything, too", async () => {
  await begin();
  expect(await application.stop("SIGTERM")).toBe(143);
});

it("a second Ctrl-C does not wait for a process that does not want to end", async () => {
  const told = join(clone.folder, "told");
  clone.write("backend-trpc/src/main.ts", `import { appendFileSync } from "node:fs"; process.on("SIGTERM", () => appendFileSync(${JSON.stringify(told)}, "told "));${server("stubborn")}`);
  await begin();
  application.child.kill("SIGINT");
  await vi.waitFor(() => expect(existsSync(told)).toBe(true), patience);
  application.child.kill("SIGINT");
  expect(await application.ended()).toBe(130);
  // After three seconds it would be told again, and killed two seconds later.
  expect(clone.read("told")).toBe("told ");
  rmSync(told);
});

it("after kill -9 of the runner nothing stays behind", async () => {
  await begin();
  await application.stop("SIGKILL");
  await vi.waitFor(() => expect(clone.processes()).toEqual([]), patience);
  await begin();
  await answers("first");
});
