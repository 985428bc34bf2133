import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ensureAuthority, issueCertificate } from "../ca.ts";
import { openFrontDoor, type Certificate } from "./front-door.ts";
import { bindLoopback, type Bound } from "./listen.ts";
import type { Route } from "./routes.ts";
import type { State, Supervised } from "./supervise.ts";

let folder: string;
let ca: string;
let certificate: Certificate;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "front-door-"));
  const { authority } = await ensureAuthority(folder);
  ca = authority.certificate;
  certificate = await issueCertificate(authority, ["page.localhost", "api.localhost"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let https: Bound;
let http: Bound;
let upstream: Server;
let port: number;
let handle: (request: IncomingMessage, response: ServerResponse) => void;
let state: State;
let suspected: number;
let routes: Route[];

beforeEach(async () => {
  handle = (request, response) => response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers }));
  upstream = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  port = (upstream.address() as { port: number }).port;
  [https, http] = await Promise.all([bindLoopback([0], "--https-port"), bindLoopback([0], "--http-port")]);
  state = "ready";
  suspected = 0;
  routes = [
    { host: "page.localhost", path: "/", exact: false, process: "app", port, redirect: true },
    { host: "api.localhost", path: "/api", exact: false, process: "app", port, redirect: false },
    { host: "gone.localhost", path: "/", exact: false, process: "gone", redirect: false },
  ];
  const supervised = {
    process: { name: "app" },
    log: { last: () => ["Error: <b>out</b> of ideas"] },
    ended: "ended with exit code 7",
    get state() {
      return state;
    },
    readyWithin: async () => state === "ready",
    suspect: () => void suspected++,
  } as unknown as Supervised;
  openFrontDoor(https, http, certificate, { routes: () => routes, processNamed: (name) => (name === "app" ? supervised : undefined), whyMissing: () => "it is not installed" });
});
afterEach(() => {
  https.close();
  http.close();
  upstream.close();
  upstream.closeAllConnections();
});

interface Reply {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

const read = (options: RequestOptions & { url?: string; body?: string; plain?: boolean; family?: 4 | 6 } = {}) =>
  new Promise<Reply>((resolve, reject) => {
    const { body, plain, url = "/", family = 4, headers } = options;
    const ask = plain ? httpRequest : httpsRequest;
    const host = (headers as Record<string, string> | undefined)?.["host"] ?? `page.localhost:${https.port}`;
    const asked = ask(
      { ...options, host: family === 4 ? "127.0.0.1" : "::1", port: plain ? http.port : https.port, path: url, ca, servername: "page.localhost", agent: false, headers: { host, ...headers } } as RequestOptions,
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("error", reject).on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      },
    );
    asked.on("error", reject).end(body);
  });

const readHttp2 = (headers: Record<string, string> = {}, body?: string) =>
  new Promise<Reply>((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${https.port}`, { ca, servername: "page.localhost" });
    session.on("error", reject);
    const stream = session.request({ ":authority": `page.localhost:${https.port}`, ":path": "/", ...headers }, { endStream: body === undefined });
    let text = "";
    let received: Record<string, unknown> = {};
    stream.setEncoding("utf8").on("response", (all) => (received = all)).on("data", (chunk) => (text += chunk));
    stream.on("error", reject).on("end", () => {
      session.close();
      resolve({ status: Number(received[":status"]), headers: received, text });
    });
    if (body !== undefined) stream.end(body);
  });

const forwarded = (text: string) => (JSON.parse(text) as { headers: Record<string, string> }).headers;

describe("what the process behind it sees", () => {
  it.each([4, 6] as const)("the client's host, over IPv%s", async (family) => {
    expect(forwarded((await read({ family })).text)).toMatchObject({ host: `page.localhost:${https.port}`, "x-forwarded-proto": "https", "x-forwarded-host": `page.localhost:${https.port}`, "x-forwarded-port": String(https.port) });
  });

  it("headers that a client makes up are replaced, not passed on", async () => {
    const lies = { "x-forwarded-for": "8.8.8.8", "x-real-ip": "8.8.8.8", "x-forwarded-host": "evil", "x-forwarded-proto": "http", "x-forwarded-port": "1", forwarded: "for=8.8.8.8", proxy: "http://evil" };
    const headers = forwarded((await read({ headers: lies })).text);
    expect(headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect(headers["x-real-ip"]).toBe("127.0.0.1");
    expect(JSON.stringify(headers)).not.toMatch(/8\.8\.8\.8|evil/);
  });

  it("HTTP/2 as HTTP/1.1, with host, cookies and body", async () => {
    handle = (request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => response.end(JSON.stringify({ body, version: request.httpVersion, headers: request.headers })));
    };
    const reply = await readHttp2({ ":method": "POST", cookie: "a=b; c=d", "content-type": "text/plain" }, "hello");
    expect(JSON.parse(reply.text)).toMatchObject({ body: "hello", version: "1.1", headers: { host: `page.localhost:${https.port}`, cookie: "a=b; c=d", "x-forwarded-proto": "https" } });
    expect(reply.text).not.toContain('":authority"');
  });

  it("a path of an Ingress that is not the root arrives whole", async () => {
    const reply = await read({ url: "/api/deep?a=%20b", headers: { host: "api.localhost" } });
    expect(JSON.parse(reply.text)).toMatchObject({ url: "/api/deep?a=%20b" });
  });
});

describe("what a client sees", () => {
  it("a response with headers that HTTP/2 forbids arrives all the same", async () => {
    handle = (_request, response) => response.writeHead(200, { connection: "keep-alive", "keep-alive": "timeout=5", "set-cookie": ["a=1", "b=2"], "x-own": "ü".normalize("NFC") }).end("ok");
    const reply = await readHttp2();
    expect(reply).toMatchObject({ status: 200, text: "ok" });
    expect(reply.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(reply.headers["keep-alive"]).toBeUndefined();
  });

  it.each([204, 304])("a status without body: %s", async (status) => {
    handle = (_request, response) => response.writeHead(status).end();
    expect((await readHttp2()).status).toBe(status);
    expect((await read()).status).toBe(status);
  });

  it("a stream comes as it is written, not at its end", async () => {
    let finish = () => {};
    handle = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
      finish = () => response.end("data: last\n\n");
    };
    const session = connectHttp2(`https://127.0.0.1:${https.port}`, { ca, servername: "page.localhost" });
    const stream = session.request({ ":authority": "page.localhost" }).setEncoding("utf8");
    const first = await new Promise((resolve) => stream.once("data", resolve));
    expect(first).toBe("data: first\n\n");
    finish();
    const last = await new Promise((resolve) => stream.once("data", resolve));
    expect(last).toBe("data: last\n\n");
    session.close();
  });

  it("HTTP is redirected to HTTPS at its port, with path and query, method kept", async () => {
    const reply = await read({ plain: true, url: "/a?b=c", headers: { host: `page.localhost:${http.port}` } });
    expect(reply.status).toBe(308);
    expect(reply.headers["location"]).toBe(`https://page.localhost:${https.port}/a?b=c`);
  });

  it("a host without TLS is served over HTTP", async () => {
    const reply = await read({ plain: true, url: "/api", headers: { host: "api.localhost" } });
    expect(forwarded(reply.text)).toMatchObject({ "x-forwarded-proto": "http", "x-forwarded-port": String(http.port) });
  });

  it("hosts and paths of no Ingress are not found, and it is said which there are", async () => {
    for (const headers of [{ host: "other.localhost" }, { host: "api.localhost" }]) {
      const reply = await read({ headers });
      expect(reply.status).toBe(404);
      expect(reply.text).toContain("page.localhost, api.localhost/api");
    }
  });
});

describe("when a process is down", () => {
  it("a page says how it ended, shows its last lines with nothing run, and comes back by itself", async () => {
    state = "waiting";
    const reply = await read({ headers: { accept: "text/html,*/*" } });
    expect(reply.status).toBe(503);
    expect(reply.headers["content-type"]).toContain("text/html");
    expect(reply.text).toContain("app ended with exit code 7");
    expect(reply.text).toContain("Error: &lt;b&gt;out&lt;/b&gt; of ideas");
    expect(reply.text).not.toContain("<b>");
    expect(reply.text).toContain('http-equiv="refresh"');
  });

  it("programs get JSON or text", async () => {
    state = "starting";
    expect(JSON.parse((await read({ headers: { accept: "application/json" } })).text)).toMatchObject({ status: 503, error: "app is still starting", lines: ["Error: <b>out</b> of ideas"] });
    expect((await read()).text).toBe("503 Service Unavailable: app is still starting\n\n  Error: <b>out</b> of ideas\n");
    expect((await readHttp2()).status).toBe(503);
  });

  it("one that does not run here at all is named, with the reason", async () => {
    const reply = await read({ headers: { host: "gone.localhost" } });
    expect(reply).toMatchObject({ status: 503, text: "503 Service Unavailable: gone does not run here: it is not installed\n" });
  });

  it("one that runs and refuses connections is a bad gateway, and is looked at", async () => {
    upstream.close();
    const reply = await read({ method: "POST", body: "x" });
    expect(reply.status).toBe(502);
    expect(reply.text).toContain("app runs, but does not answer: it refuses connections");
    expect(suspected).toBe(1);
  });

  it("one that ends in the middle of an answer ends the client's too", async () => {
    handle = (_request, response) => {
      response.writeHead(200);
      response.write("half");
      setTimeout(() => response.destroy(), 20);
    };
    await expect(read()).rejects.toThrow();
    await expect(readHttp2()).rejects.toThrow();
    handle = (_request, response) => response.end("again");
    expect((await read()).text).toBe("again");
  });

  it("a reload in between loses no request, whether with a body or without", async () => {
    upstream.close();
    upstream.closeAllConnections();
    const replies = [read(), read({ method: "POST", body: "once" }), readHttp2({ ":method": "POST" }, "twice")];
    await new Promise((resolve) => setTimeout(resolve, 300));
    const bodies: string[] = [];
    handle = (request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk)).on("end", () => {
        bodies.push(body);
        response.end("ok");
      });
    };
    upstream = createServer((request, response) => handle(request, response));
    upstream.listen(port, "127.0.0.1");
    expect((await Promise.all(replies)).map(({ text }) => text)).toEqual(["ok", "ok", "ok"]);
    expect(bodies.sort()).toEqual(["", "once", "twice"]);
  });

  it("what may be asked twice is asked again when a kept connection turns out to be dead; the rest is not", async () => {
    let count = 0;
    handle = (request, response) => (++count === 1 ? request.socket.destroy() : response.end(String(count)));
    expect((await read()).text).toBe("2");
    count = 0;
    expect((await read({ method: "POST", body: "x" })).status).toBe(502);
    expect(count).toBe(1);
  });
});

describe("WebSockets", () => {
  const open = (host = "page.localhost") =>
    new WebSocket(`wss://127.0.0.1:${https.port}/socket`, { ca, servername: host, headers: { host } } as never);

  it("pass in both directions, with the forwarded headers", async () => {
    const sockets = new WebSocketServer({ server: upstream });
    sockets.on("connection", (socket, request) => {
      socket.send(JSON.stringify(request.headers));
      socket.on("message", (data) => socket.send(`echo ${String(data)}`));
    });
    const socket = open();
    const next = () => new Promise<string>((resolve, reject) => socket.once("message", (data) => resolve(String(data))).once("error", reject));
    expect(JSON.parse(await next())).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1", host: "page.localhost" });
    socket.send("hello");
    expect(await next()).toBe("echo hello");
    socket.close();
    sockets.close();
  });

  it("wait for a reload", async () => {
    upstream.close();
    upstream.closeAllConnections();
    const socket = open();
    const opened = new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    await new Promise((resolve) => setTimeout(resolve, 200));
    upstream = createServer();
    const sockets = new WebSocketServer({ server: upstream });
    upstream.listen(port, "127.0.0.1");
    await opened;
    socket.close();
    sockets.close();
  });

  it.each([
    ["a process that is down", () => void (state = "waiting"), 503],
    ["a host of no Ingress", () => void (routes = []), 404],
    ["a process that refuses connections", () => void upstream.close(), 502],
  ])("are refused with a status for %s", async (_what, prepare, expected) => {
    prepare();
    const socket = open();
    const status = await new Promise((resolve) => socket.once("unexpected-response", (_request, response) => resolve(response.statusCode)));
    expect(status).toBe(expected);
    socket.on("error", () => {}).terminate();
  });
});

it("connections that come before the door is open are answered when it is", async () => {
  const early = await bindLoopback([0], "--https-port");
  const other = await bindLoopback([0], "--http-port");
  const asked = new Promise<number>((resolve, reject) =>
    httpsRequest({ host: "127.0.0.1", port: early.port, ca, servername: "page.localhost", headers: { host: "none" } }, (response) => resolve(response.statusCode!)).on("error", reject).end(),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  openFrontDoor(early, other, certificate, { routes: () => [], processNamed: () => undefined, whyMissing: () => undefined });
  expect(await asked).toBe(404);
  early.close();
  other.close();
});
