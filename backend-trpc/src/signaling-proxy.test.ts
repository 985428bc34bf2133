import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { connect, type Client } from "../../signaling/fixtures/client.ts";
import { defaultLimits, startSignaling, type Limits, type Signaling } from "../../signaling/src/server.ts";
import { recordingLog } from "../fixtures/log.ts";
import { freePort } from "../fixtures/valkey.ts";
import { startBackend, type Backend } from "./server.ts";

const silent = pino({ level: "silent" });
const page = "https://dev.localhost";
let backend: Backend;
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function startProxy(signalingUrl: string | undefined, log = silent) {
  backend = await startBackend({ port: 0, host: "127.0.0.1", allowedOrigins: [page], roomTtlMs: 1000, signalingUrl }, log);
  cleanUp.push(() => backend.stop());
}

async function startReal(limits: Partial<Limits> = {}, port = 0): Promise<Signaling> {
  const signaling = await startSignaling({ port, host: "127.0.0.1" }, silent, { ...defaultLimits, ...limits });
  cleanUp.push(() => signaling.stop());
  return signaling;
}

/** A signaling service whose every connection is in the test's hands. */
async function startScripted(onConnection: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", onConnection);
  cleanUp.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function browser(options: Parameters<typeof connect>[1] = { origin: page }, path = "/signaling"): Promise<Client> {
  const client = await connect(`ws://127.0.0.1:${backend.port}${path}`, options);
  cleanUp.push(() => client.socket.terminate());
  return client;
}

async function signalingState() {
  const status = (await (await fetch(`http://127.0.0.1:${backend.port}/api/status`)).json()) as { signaling: string };
  return status.signaling;
}

describe("a browser reaches the signaling service at the backend's host", () => {
  it("and two of them meet there", async () => {
    const { port } = await startReal();
    await startProxy(`ws://127.0.0.1:${port}`);
    const [first, second] = [await browser(), await browser(undefined, "/signaling?v=1")];
    const { id } = await first.join("r", "Ada");
    const { id: from } = await second.join("r", "Bob");
    second.send({ type: "offer", to: id, sdp: "v=0" });
    expect(await first.next("offer")).toEqual({ type: "offer", from, sdp: "v=0" });
    expect(await signalingState()).toBe("up");

    second.socket.terminate();
    expect(await first.next("peer-left")).toEqual({ type: "peer-left", id: from });
  });

  it("only from pages that are allowed, and only there", async () => {
    const { port } = await startReal();
    await startProxy(`ws://127.0.0.1:${port}`);
    await expect(browser({ origin: "https://evil.example" })).rejects.toThrow("403");
    await expect(browser(undefined, "/elsewhere")).rejects.toThrow("404");
    // Programs send no origin.
    expect((await (await browser({})).join("r")).peers).toEqual([]);
    expect((await fetch(`http://127.0.0.1:${backend.port}/signaling`)).status).toBe(426);
  });

  it("and gets a plain 502 while the service is down, until it is back", async () => {
    const port = await freePort();
    const { log, lines } = recordingLog();
    await startProxy(`ws://127.0.0.1:${port}`, log);
    await expect(browser()).rejects.toThrow("502");
    await expect(browser()).rejects.toThrow("502");
    expect(await signalingState()).toBe("down");
    expect(lines.filter(({ msg }) => msg === "the signaling service is not reachable")).toHaveLength(1);

    await startReal({}, port);
    expect((await (await browser()).join("r")).peers).toEqual([]);
    expect(await signalingState()).toBe("up");
  });

  it("and gets a 502 when none is configured", async () => {
    await startProxy(undefined);
    await expect(browser()).rejects.toThrow("502");
    expect(await signalingState()).toBe("unconfigured");
  });

  it("and is dropped there when it answers no ping: the proxy doesn't answer for it", async () => {
    const { port } = await startReal({ pingEveryMs: 1500 });
    await startProxy(`ws://127.0.0.1:${port}`);
    const alive = await browser();
    await alive.join("r");
    const dead = await browser({ origin: page, autoPong: false });
    const { id } = await dead.join("r");
    expect(await alive.next("peer-left")).toEqual({ type: "peer-left", id });
    await dead.closed;
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });
});

describe("an end of one side reaches the other", () => {
  it("with the service's own code and reason", async () => {
    await startProxy(await startScripted((socket) => socket.close(4001, "the room is full")));
    expect(await (await browser()).closed).toEqual({ code: 4001, reason: "the room is full" });
  });

  it("as 1014 when the service is gone without a word", async () => {
    await startProxy(await startScripted((socket) => socket.on("message", () => socket.terminate())));
    const one = await browser();
    one.send("x");
    expect(await one.closed).toEqual({ code: 1014, reason: "the other side is gone" });
  });

  it.each([
    ["a code and a reason", (client: Client) => client.socket.close(4321, "bye"), { code: 4321, reason: "bye" }],
    ["no code", (client: Client) => client.socket.close(), { code: 1005, reason: "" }],
    ["not a word", (client: Client) => client.socket.terminate(), { code: 1014, reason: "the other side is gone" }],
  ])("with what the browser said: %s", async (_, end, expected) => {
    let seen: unknown;
    await startProxy(await startScripted((socket) => socket.on("close", (code, reason) => (seen = { code, reason: String(reason) }))));
    end(await browser());
    await vi.waitFor(() => expect(seen).toEqual(expected), 10_000);
  });

  it("as a refusal when the backend stops before the service has answered", async () => {
    const service = createServer().listen(0, "127.0.0.1");
    cleanUp.push(() => service.close());
    await once(service, "listening");
    const asked = once(service, "connection") as Promise<[Socket]>;
    const { log, lines } = recordingLog();
    await startProxy(`ws://127.0.0.1:${(service.address() as AddressInfo).port}`, log);
    const refused = expect(browser()).rejects.toThrow("503");
    const [connection] = await asked;
    await backend.stop();
    await refused;
    expect(lines.map(({ msg }) => msg)).not.toContain("the signaling service is not reachable");
    connection.destroy();
  });

  it("as 1001 when the backend stops, and none is let in after that", async () => {
    await startProxy(await startScripted(() => {}));
    const one = await browser();
    const stopped = backend.stop();
    expect(await one.closed).toEqual({ code: 1001, reason: "the server is stopping" });
    await stopped;
    await expect(browser()).rejects.toThrow();
  });
});

describe("no browser can fill the backend's memory", () => {
  it("with a large message: 1009", async () => {
    const received: unknown[] = [];
    await startProxy(await startScripted((socket) => socket.on("message", (data) => received.push(data))));
    const one = await browser();
    one.send("x".repeat(70_000));
    expect((await one.closed).code).toBe(1009);
    expect(received).toEqual([]);
  });

  it("by not reading: who sends to it has to wait, and nothing is lost", async () => {
    const message = Buffer.alloc(60_000, "x");
    const count = 1200;
    let service: WebSocket | undefined;
    await startProxy(await startScripted((socket) => (service = socket)));
    const slow = await browser();
    slow.socket.removeAllListeners("message");
    let received = 0;
    slow.socket.on("message", () => (received += 1));
    slow.socket.pause();
    await vi.waitFor(() => expect(service).toBeDefined(), 10_000);
    for (let sent = 0; sent < count; sent += 1) service?.send(message);

    // Until nothing moves any more: what the sender could not get rid of must be most of it.
    for (let before = -1, now = -2; now !== before; ) {
      before = Number(service?.bufferedAmount);
      await sleep(300);
      now = Number(service?.bufferedAmount);
    }
    expect(Number(service?.bufferedAmount)).toBeGreaterThan((count * message.length) / 2);

    slow.socket.resume();
    await vi.waitFor(() => expect(received).toBe(count), 20_000);
  });
});
