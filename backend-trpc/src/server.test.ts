import { once } from "node:events";
import { request } from "node:http";
import { createConnection } from "node:net";
import { Validator } from "@seriousme/openapi-schema-validator";
import { pino } from "pino";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { recordingLog } from "../fixtures/log.ts";
import { readConfig, type Config } from "./config.ts";
import { createMemoryStore } from "./memory-store.ts";
import { StoreUnavailableError, type RoomStore } from "./rooms.ts";
import { startBackend, type Backend } from "./server.ts";

const page = "https://dev.localhost";
let backend: Backend | undefined;

async function start({ config = {}, store, log = pino({ level: "silent" }) }: { config?: Partial<Config>; store?: RoomStore; log?: pino.Logger } = {}) {
  const all = { port: 0, host: "127.0.0.1", allowedOrigins: [page], roomTtlMs: 60_000, ...config };
  backend = await startBackend(all, log, store ?? createMemoryStore({ ttlMs: all.roomTtlMs }));
  return `http://127.0.0.1:${backend.port}`;
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });

/** Only tests may be this careless about what comes. */
const json = async (answer: Response | Promise<Response>): Promise<any> => (await answer).json();

afterEach(() => backend?.stop());

describe("rooms", () => {
  it("are the same by tRPC and by plain HTTP", async () => {
    const url = await start();
    const made = await json(post(`${url}/api/rooms`, { name: "Stand-up" }));
    expect(made).toMatchObject({ name: "Stand-up", visits: 0 });

    const joined = await json(post(`${url}/trpc/rooms.join`, { id: made.id }));
    expect(joined.result.data).toMatchObject({ id: made.id, visits: 1 });

    // curl -X POST without anything else: the path says all.
    const again = await fetch(`${url}/api/rooms/${made.id}/join`, { method: "POST" });
    expect(again.status).toBe(200);
    expect(await json(again)).toMatchObject({ visits: 2 });

    expect(await json(fetch(`${url}/api/rooms`))).toMatchObject([{ id: made.id, visits: 2 }]);
    expect((await json(fetch(`${url}/trpc/rooms.list`))).result.data).toMatchObject([{ id: made.id, visits: 2 }]);
  });

  it.each([
    ["no name", "/api/rooms", { name: "  " }, 400, "a room needs a name"],
    ["an overlong name", "/api/rooms", { name: "x".repeat(61) }, 400, "60 characters"],
    ["no JSON", "/api/rooms", "{", 400, "parse"],
    ["a strange id", "/api/rooms/..%2f/join", {}, 400, "letters and digits"],
    ["an id of no room", "/api/rooms/nothere/join", {}, 404, "expired"],
    ["an address that there isn't", "/api/nothing", {}, 404, "Not found"],
    ["too large a body", "/api/rooms", { name: "x".repeat(70_000) }, 413, "64 KiB"],
  ])("answer %s with a status and a reason, and never with a stack trace", async (_, path, body, status, reason) => {
    const url = await start();
    const answer = await post(`${url}${path}`, body);
    const text = await answer.text();
    expect(answer.status).toBe(status);
    expect(text).toContain(reason);
    expect(text).not.toMatch(/\bat .*\.ts:|node_modules|"stack"/);
  });

  it("tell the page in words what is wrong with a name", async () => {
    const url = await start();
    const { error } = await json(post(`${url}/trpc/rooms.create`, { name: "" }));
    expect(error.message).toBe("a room needs a name");
  });

  it("answer at any host, also one that starts like the path", async () => {
    const url = new URL(await start());
    const status = await new Promise((resolve, reject) => {
      request({ host: url.hostname, port: url.port, path: "/api/rooms", headers: { host: "api.example.com" } }, ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it("are listed once per request, however often its address says so", async () => {
    const store = createMemoryStore({ ttlMs: 1000 });
    let lists = 0;
    const url = await start({ store: { ...store, list: () => ((lists += 1), store.list()) } });
    expect((await fetch(`${url}/trpc/${Array(650).fill("rooms.list").join(",")}?batch=1&input={}`)).status).toBe(400);
    expect(lists).toBe(0);
  });

  it("survive a path that can't be decoded", async () => {
    const url = await start();
    expect((await fetch(`${url}/api/rooms/%E0%A4%A/join`, { method: "POST" })).status).toBe(400);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it("answer 503 with a reason while the store is away, everywhere", async () => {
    const away = async () => {
      throw new StoreUnavailableError("Valkey at valkey:6379 does not answer");
    };
    const store: RoomStore = { ...createMemoryStore({ ttlMs: 1000 }), kind: "valkey", isReachable: () => false, list: away, create: away, join: away };
    const url = await start({ store });
    for (const answer of [
      await fetch(`${url}/api/rooms`),
      await post(`${url}/api/rooms`, { name: "x" }),
      await post(`${url}/api/rooms/x/join`, {}),
      await fetch(`${url}/trpc/rooms.list`),
    ]) {
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain("try again in a moment");
    }
    // What works without rooms still does, and says what is wrong.
    expect(await json(fetch(`${url}/api/status`))).toMatchObject({ store: { kind: "valkey", state: "down" }, signaling: "unconfigured" });
  });
});

describe("the OpenAPI document", () => {
  it("is valid and lists every procedure that /api has", async () => {
    const url = await start();
    const document = await json(fetch(`${url}/openapi.json`));
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
    const operations = Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    expect(operations.sort()).toEqual(["get /rooms", "get /status", "post /rooms", "post /rooms/{id}/join"]);
    expect(document.servers).toEqual([{ url: "/api" }]);
  });
});

describe("Swagger UI", () => {
  it("comes whole from this server and is not allowed to ask any other", async () => {
    const url = await start();
    for (const path of ["/ui", "/ui/"]) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      const html = await answer.text();
      const files = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, file]) => String(file));
      expect(files.length).toBeGreaterThanOrEqual(4);
      for (const file of files) {
        expect(file).toMatch(/^\/ui\//);
        expect((await fetch(url + file)).status, file).toBe(200);
      }
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/https?:|\*/);
    }
    const start_ = await (await fetch(`${url}/ui/start.js`)).text();
    expect(start_).toContain('url: "/openapi.json"');
    // Otherwise it sends the document's address to a public service.
    expect(start_).toContain("validatorUrl: null");
    expect((await fetch(`${url}/ui/package.json`)).status).toBe(404);
  });
});

describe("pages of other origins", () => {
  it("may call when they are listed, and only then", async () => {
    const url = await start();
    const preflight = (origin: string) =>
      fetch(`${url}/trpc/rooms.create`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" } });
    const allowed = await preflight(page);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(page);
    expect(allowed.headers.get("access-control-allow-headers")).toContain("content-type");
    for (const origin of ["https://evil.example", "https://dev.localhost.evil.example", "null"])
      expect((await preflight(origin)).headers.get("access-control-allow-origin"), origin).toBeNull();
  });
});

describe("probes", () => {
  it("are ready only when the store was reached once, and stay so when it is lost", async () => {
    let reached = false;
    const store = { ...createMemoryStore({ ttlMs: 1000 }), wasReached: () => reached, isReachable: () => false };
    const url = await start({ store });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const waiting = await fetch(`${url}/readyz`);
    expect([waiting.status, await waiting.text()]).toEqual([503, "waiting for Valkey"]);
    reached = true;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe("a stop", () => {
  it("finishes a request that came while it finished another", async () => {
    const store = createMemoryStore({ ttlMs: 1000 });
    const held: (() => void)[] = [];
    const url = await start({ store: { ...store, list: () => new Promise((resolve) => held.push(() => resolve([]))) } });
    const first = fetch(`${url}/api/rooms`);
    await vi.waitFor(() => expect(held).toHaveLength(1), 10_000);
    const stopped = backend?.stop();
    const second = fetch(`${url}/api/rooms`);
    await vi.waitFor(() => expect(held).toHaveLength(2), 10_000);
    held[0]?.();
    expect(await json(first)).toEqual([]);
    // It waits for nothing but the second now.
    await vi.waitFor(() => expect(fetch(`${url}/livez`)).rejects.toThrow(), 10_000);
    held[1]?.();
    expect(await json(second)).toEqual([]);
    await stopped;
  });
});

describe("a refused upgrade", () => {
  it("does not leave a connection to a client that never closes its side", async () => {
    await start();
    const socket = createConnection({ port: Number(backend?.port), host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write("GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const answer = once(socket, "data");
    await once(socket, "end");
    expect(String(await answer)).toContain("404 Not Found");
    // What is written to a connection that nobody has any more is answered by a reset.
    let code: string | undefined;
    socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
    await vi.waitFor(() => {
      socket.write("x");
      expect(code).toMatch(/ECONNRESET|EPIPE/);
    }, 5000);
  });
});

describe("the log", () => {
  it("has a line for each request but not for probes, and never what people typed", async () => {
    const { log, lines } = recordingLog();
    const url = await start({ log });
    await fetch(`${url}/livez`);
    await fetch(`${url}/readyz`);
    await fetch(`${url}/api/rooms?secret=typed`, { headers: { "x-request-id": "abc123", authorization: "Bearer typed" } });
    await post(`${url}/api/rooms`, { name: "typed" });
    const requests = lines.filter(({ msg }) => msg === "request");
    expect(requests).toEqual([
      expect.objectContaining({ method: "GET", path: "/api/rooms", status: 200, requestId: "abc123" }),
      expect.objectContaining({ method: "POST", path: "/api/rooms", status: 200 }),
    ]);
    expect(JSON.stringify(lines)).not.toContain("typed");
  });
});

describe("the environment", () => {
  const read = (env: NodeJS.ProcessEnv) => {
    const problems: string[] = [];
    return { config: readConfig(env, problems), problems };
  };

  it("may be empty", () => {
    expect(read({})).toEqual({
      config: { valkeyUrl: undefined, valkeyPassword: undefined, signalingUrl: undefined, allowedOrigins: [], roomTtlMs: 3_600_000 },
      problems: [],
    });
  });

  it("is read", () => {
    const { config, problems } = read({
      VALKEY_URL: "redis://:pa%20ss@valkey:6379/2",
      SIGNALING_URL: "ws://signaling:4000",
      ALLOWED_ORIGINS: "https://dev.localhost, http://localhost:8080",
      ROOM_TTL_SECONDS: "60",
    });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ valkeyUrl: "redis://:pa%20ss@valkey:6379/2", allowedOrigins: ["https://dev.localhost", "http://localhost:8080"], roomTtlMs: 60_000 });
  });

  it.each([
    [{ VALKEY_URL: "valkey:6379" }, "VALKEY_URL"],
    [{ VALKEY_URL: "" }, "VALKEY_URL"],
    [{ VALKEY_URL: "http://:s3cret@valkey" }, "VALKEY_URL"],
    [{ SIGNALING_URL: "http://signaling:4000" }, "SIGNALING_URL"],
    [{ ALLOWED_ORIGINS: "https://a.example/" }, "ALLOWED_ORIGINS"],
    [{ ALLOWED_ORIGINS: "a.example" }, "ALLOWED_ORIGINS"],
    [{ ROOM_TTL_SECONDS: "0" }, "ROOM_TTL_SECONDS"],
    [{ ROOM_TTL_SECONDS: "1h" }, "ROOM_TTL_SECONDS"],
  ])("with %j has one problem, which is named without its value", (env, name) => {
    const { problems } = read(env);
    expect(problems).toEqual([expect.stringMatching(`^${name} `)]);
    expect(problems[0]).not.toContain("s3cret");
  });
});
