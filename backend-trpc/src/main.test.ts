import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../signaling/fixtures/client.ts";
import { defaultLimits, startSignaling } from "../../signaling/src/server.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const fromSource = ["--import", "tsx", "src/main.ts"];
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

/** Starts the service as its own process and returns when it listens. */
async function start(argv: string[], { cwd = folder, env = {} }: { cwd?: string; env?: Record<string, string> } = {}) {
  const child: ChildProcess = spawn(process.execPath, argv, {
    cwd,
    env: { PATH: process.env.PATH, PORT: "0", HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanUp.push(() => child.kill("SIGKILL"));
  const exit = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const logged: string[] = [];
  const lines = createInterface({ input: child.stdout! });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on("line", (line) => {
      logged.push(line);
      if (line.includes('"listening"')) resolve((JSON.parse(line) as { port: number }).port);
    });
    void exit.then(() => reject(new Error(`ended before it listened:\n${logged.join("\n")}`)));
  });
  return { child, exit, logged, url: `http://127.0.0.1:${port}` };
}

describe("a wrong environment", () => {
  it("is told whole, once, without secrets, and ends the process with 1", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, fromSource, {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, PORT: "80 80", LOG_LEVEL: "loud", VALKEY_URL: "valkey//:s3cret@host", ALLOWED_ORIGINS: "localhost" },
    });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringContaining("backend-trpc can't start"),
      '  PORT "80 80" is not a port number',
      expect.stringContaining('  LOG_LEVEL "loud" is none of'),
      expect.stringContaining("  VALKEY_URL is not an address like redis://"),
      expect.stringContaining("  ALLOWED_ORIGINS holds an entry that is no origin"),
    ]);
    expect(stderr).not.toContain("s3cret");
  });

  it("a port that is taken ends it with 1 too", async () => {
    const { url } = await start(fromSource);
    const { status, stdout } = spawnSync(process.execPath, fromSource, {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, PORT: new URL(url).port, HOST: "127.0.0.1" },
    });
    expect(status).toBe(1);
    expect(stdout).toContain("EADDRINUSE");
  });
});

it("a client that is refused an upgrade and resets its connection ends nothing", async () => {
  const { url, child } = await start(fromSource);
  const refusals = { "/elsewhere": "", "/signaling": "", "/signaling?": "Origin: https://evil.example\r\n" };
  for (const [path, header] of Object.entries(refusals))
    for (const waits of [true, false]) {
      const socket = createConnection({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
      await once(socket, "connect");
      const answered = once(socket, "data");
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${header}\r\n`);
      if (waits) await answered;
      socket.resetAndDestroy();
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    }
  expect(child.exitCode).toBeNull();
});

describe("a stop", () => {
  it("finishes a running request, says goodbye to WebSockets, and is not ready meanwhile", async () => {
    const signaling = await startSignaling({ port: 0, host: "127.0.0.1" }, pino({ level: "silent" }), defaultLimits);
    cleanUp.push(() => signaling.stop());
    const { child, exit, url } = await start(fromSource, { env: { SIGNALING_URL: `ws://127.0.0.1:${signaling.port}` } });
    const socket = await connect(`${url.replace("http", "ws")}/signaling`);
    await socket.join("r");

    // A request whose second half comes when the server is stopping already.
    const body = JSON.stringify({ name: "made while stopping" });
    const slow = request(`${url}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), expect: "100-continue" },
    });
    slow.flushHeaders();
    const answer = once(slow, "response");
    await once(slow, "continue");
    slow.write(body.slice(0, 5));

    child.kill("SIGTERM");
    expect(await socket.closed).toEqual({ code: 1001, reason: "the server is stopping" });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(child.exitCode).toBeNull();

    slow.end(body.slice(5));
    const [response] = (await answer) as [import("node:http").IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe("close");
    expect(JSON.parse((await response.toArray()).join(""))).toMatchObject({ name: "made while stopping" });
    expect(await exit).toEqual([0, null]);
  });

  it("does not wait for a request that never ends", async () => {
    const { child, exit, url, logged } = await start(fromSource);
    const endless = request(`${url}/api/rooms`, { method: "POST", headers: { "content-type": "application/json", "content-length": 100, expect: "100-continue" } });
    endless.on("error", () => {});
    endless.flushHeaders();
    await once(endless, "continue");
    const asked = performance.now();
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    // It waits 8 s, Kubernetes 30.
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect(logged.join("\n")).toContain("took too long");
  });

  it("by SIGINT is one as well, also under the watcher of development", async () => {
    for (const [argv, signal] of [
      [fromSource, "SIGINT"],
      [[fileURLToPath(import.meta.resolve("tsx/cli")), "watch", "src/main.ts"], "SIGTERM"],
    ] as const) {
      const { child, exit, logged } = await start([...argv]);
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
      expect(logged.at(-1)).toContain('"stopped"');
    }
  });
});

describe("the build", () => {
  it("runs without node_modules, with Swagger UI's files, and is the same every time", async () => {
    const build = () => {
      const { status, stderr } = spawnSync(process.execPath, ["build.mjs"], { cwd: folder, encoding: "utf8", env: { PATH: process.env.PATH } });
      expect(stderr).toBe("");
      expect(status).toBe(0);
      const files = readdirSync(join(folder, "dist"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const hash = createHash("sha256");
      for (const file of files) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)));
      return hash.digest("hex");
    };
    expect(build()).toBe(build());

    const image = mkdtempSync(join(tmpdir(), "backend-"));
    cleanUp.push(() => rmSync(image, { recursive: true }));
    cpSync(join(folder, "dist"), join(image, "dist"), { recursive: true });
    cpSync(join(folder, "package.json"), join(image, "package.json"));
    const { url, child, exit } = await start(["dist/main.js"], { cwd: image });
    for (const path of ["/readyz", "/ui", "/ui/swagger-ui-bundle.js", "/openapi.json", "/api/rooms", "/trpc/status"])
      expect((await fetch(url + path)).status, path).toBe(200);
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  });
});
