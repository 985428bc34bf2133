import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, type Client } from "../fixtures/client.ts";
import { parseClientMessage } from "./protocol.ts";
import { defaultLimits, startSignaling, type Limits, type Signaling } from "./server.ts";

const log = pino({ level: "silent" });
let server: Signaling | undefined;
const clients: Client[] = [];

async function start(limits: Partial<Limits> = {}) {
  server = await startSignaling({ port: 0, host: "127.0.0.1" }, log, { ...defaultLimits, ...limits });
  return server;
}

async function client(options?: Parameters<typeof connect>[1]) {
  const connected = await connect(`ws://127.0.0.1:${server?.port}/signaling`, options);
  clients.push(connected);
  return connected;
}

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await server?.stop();
});

describe("a room", () => {
  it("introduces peers to each other and tells who leaves", async () => {
    await start();
    const [first, second] = [await client(), await client()];
    const alone = await first.join("stand-up", "Ada");
    expect(alone.peers).toEqual([]);

    const met = await second.join("stand-up", "Bob");
    expect(met.peers).toEqual([{ id: alone.id, name: "Ada" }]);
    expect(await first.next("peer-joined")).toEqual({ type: "peer-joined", peer: { id: met.id, name: "Bob" } });

    second.send({ type: "leave" });
    await second.next("left");
    expect(await first.next("peer-left")).toEqual({ type: "peer-left", id: met.id });
    // Who left may join again, on the same connection.
    expect((await second.join("stand-up")).peers).toHaveLength(1);
  });

  it("passes offers, answers and candidates on to the one they are for, and says whom they are from", async () => {
    await start();
    const [first, second, third] = [await client(), await client(), await client()];
    const { id } = await first.join("r");
    const { id: from } = await second.join("r");
    await third.join("r");

    second.send({ type: "offer", to: id, sdp: "v=0 offer" });
    expect(await first.next("offer")).toEqual({ type: "offer", from, sdp: "v=0 offer" });
    first.send({ type: "answer", to: from, sdp: "v=0 answer" });
    expect(await second.next("answer")).toEqual({ type: "answer", from: id, sdp: "v=0 answer" });
    second.send({ type: "candidate", to: id, candidate: { candidate: "candidate:1 1 udp", sdpMid: "0" } });
    expect(await first.next("candidate")).toEqual({ type: "candidate", from, candidate: { candidate: "candidate:1 1 udp", sdpMid: "0" } });

    // Nothing of it went to the third: the next that it hears is what comes now.
    second.send({ type: "leave" });
    expect(await third.next("peer-left", "offer", "answer", "candidate")).toEqual({ type: "peer-left", id: from });
  });

  it("relays nothing that the protocol doesn't have, nor a sender that somebody made up", async () => {
    await start();
    const [first, second] = [await client(), await client()];
    const { id } = await first.join("r");
    const { id: from } = await second.join("r");
    second.send(JSON.stringify({ type: "offer", to: id, sdp: "s", from: "somebody-else", extra: "<script>" }));
    expect(await first.next("offer")).toEqual({ type: "offer", from, sdp: "s" });
    const candidate = { candidate: "c", sdpMid: null, sdpMLineIndex: 0, usernameFragment: null };
    second.send(JSON.stringify({ type: "candidate", to: id, candidate: { ...candidate, extra: [[]] } }));
    expect(await first.next("candidate")).toEqual({ type: "candidate", from, candidate });
  });

  it("takes nothing that can be read but is nested too deep to be written again", () => {
    const nested = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    const message = parseClientMessage(`{"type":"candidate","to":"x","candidate":{"candidate":"c","extra":${nested}},"extra":${nested}}`);
    expect(JSON.stringify(message)).toBe('{"type":"candidate","to":"x","candidate":{"candidate":"c"}}');
  });

  it("knows who joins again with the same key, also while its former connection is still there", async () => {
    await start({ peersPerRoom: 2 });
    const [first, second, again] = [await client(), await client(), await client()];
    await first.join("r");
    const { id } = await second.join("r", "Bob", "a-key-of-16-letters");
    await first.next("peer-joined");
    const { id: sameId, peers } = await again.join("r", "Bob", "a-key-of-16-letters");
    expect(sameId).toBe(id);
    expect(peers).toHaveLength(1);
    expect(await first.next("peer-joined")).toEqual({ type: "peer-joined", peer: { id, name: "Bob" } });
    expect(await second.closed).toEqual({ code: 4003, reason: "joined again on another connection" });

    first.send({ type: "offer", to: id, sdp: "s" });
    expect(await again.next("offer")).toMatchObject({ sdp: "s" });
    again.socket.close();
    expect(await first.next("peer-left", "peer-joined")).toEqual({ type: "peer-left", id });
    const other = await client();
    expect((await other.join("r", "Bob", "another-key-of-letters")).id).not.toBe(id);
  });

  it("does not reach into other rooms", async () => {
    await start();
    const [first, second] = [await client(), await client()];
    const { id } = await first.join("one");
    await second.join("two");
    second.send({ type: "offer", to: id, sdp: "s" });
    expect(await second.next("error")).toMatchObject({ code: "no-such-peer" });
  });

  it("is gone when the last one has left", async () => {
    const { rooms } = await start();
    expect(rooms).toBe(0);
    const only = await client();
    await only.join("r");
    expect(server?.rooms).toBe(1);
    only.socket.terminate();
    await vi.waitFor(() => expect(server?.rooms).toBe(0), 10_000);
  });

  it("must be joined before one can say anything, and only one at a time", async () => {
    await start();
    const one = await client();
    one.send({ type: "offer", to: "x", sdp: "s" });
    expect(await one.next("error")).toMatchObject({ code: "not-in-a-room" });
    await one.join("r");
    one.send({ type: "join", room: "s" });
    expect(await one.next("error")).toMatchObject({ code: "already-in-a-room" });
  });
});

describe("a client that asks for too much is told so, and closed", () => {
  it.each([
    ["is not JSON", "{", 1007, "not JSON"],
    ["has no such type", '{"type":"shout"}', 1007, "type must be"],
    ["is an array", "[]", 1007, "not a JSON object"],
    ["joins a room with a strange name", '{"type":"join","room":"../x"}', 1007, "room must be"],
    ["has an overlong name", JSON.stringify({ type: "join", room: "r", name: "x".repeat(41) }), 1007, "name must be"],
    ["has a key that somebody may guess", '{"type":"join","room":"r","key":"short"}', 1007, "key must be"],
    ["offers nothing", '{"type":"offer","to":"x"}', 1007, "sdp must be"],
    ["has a candidate that is a number", '{"type":"candidate","to":"x","candidate":5}', 1007, "candidate an object"],
    ["has a candidate whose text is none", '{"type":"candidate","to":"x","candidate":{"candidate":[]}}', 1007, "must be strings"],
    ["has a candidate whose line is none", '{"type":"candidate","to":"x","candidate":{"sdpMLineIndex":"0"}}', 1007, "sdpMLineIndex a number"],
    ["is binary", Buffer.from("{}"), 1003, "text frames"],
    ["is too large", JSON.stringify({ type: "offer", to: "x", sdp: "s".repeat(70_000) }), 1009, ""],
  ])("when a message %s", async (_, message, code, reason) => {
    await start();
    const one = await client();
    one.send(message);
    expect(await one.closed).toEqual({ code, reason: expect.stringContaining(reason) });
  });

  it("when the room is full", async () => {
    await start({ peersPerRoom: 2 });
    for (const one of [await client(), await client()]) await one.join("r");
    const third = await client();
    third.send({ type: "join", room: "r" });
    expect(await third.closed).toEqual({ code: 4001, reason: "the room is full" });
    expect((await (await client()).join("other")).peers).toEqual([]);
  });

  it("when there are too many rooms", async () => {
    await start({ rooms: 1 });
    await (await client()).join("one");
    const second = await client();
    second.send({ type: "join", room: "two" });
    expect(await second.closed).toEqual({ code: 1013, reason: "there are too many rooms" });
  });

  it("when there are too many connections", async () => {
    await start({ connections: 1 });
    await (await client()).join("r");
    expect(await (await client()).closed).toEqual({ code: 1013, reason: "the server is full" });
  });

  it("when it sends too many messages, but not for as many as connecting takes", async () => {
    await start({ messageBurst: 20, messagesPerSecond: 0 });
    const one = await client();
    await one.join("r");
    for (let sent = 1; sent < 20; sent += 1) one.send({ type: "candidate", to: "x", candidate: null });
    for (let answered = 1; answered < 20; answered += 1) await one.next("error");
    one.send({ type: "leave" });
    expect(await one.closed).toEqual({ code: 1008, reason: "too many messages" });
  });

  it("when it never joins", async () => {
    await start({ joinWithinMs: 20 });
    expect(await (await client()).closed).toEqual({ code: 4002, reason: "no room was joined" });
  });
});

describe("a peer that is not there any more", () => {
  it("is dropped when it answers no ping, and the others learn of it", async () => {
    await start({ pingEveryMs: 1500 });
    const alive = await client();
    await alive.join("r");
    const dead = await client({ autoPong: false });
    const { id } = await dead.join("r");
    expect(await alive.next("peer-left")).toEqual({ type: "peer-left", id });
    expect((await dead.closed).code).toBe(1006);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });

  it("is dropped when it reads too slowly, before it fills the server's memory", async () => {
    await start({ unsentBytes: 256 * 1024, messageBurst: 10_000 });
    const sender = await client();
    await sender.join("r");
    const slow = await client();
    const { id } = await slow.join("r");
    slow.socket.pause();
    const left = sender.next("peer-left");
    // More than every buffer between them takes.
    for (let sent = 0; sent < 600; sent += 1) sender.send({ type: "offer", to: id, sdp: "s".repeat(60_000) });
    expect(await left).toEqual({ type: "peer-left", id });
  });
});

describe("the server", () => {
  const get = (path: string) => fetch(`http://127.0.0.1:${server?.port}${path}`);

  it("is alive and ready, and has nothing else to show", async () => {
    await start();
    expect((await get("/livez")).status).toBe(200);
    expect((await get("/readyz?verbose")).status).toBe(200);
    expect((await get("/")).status).toBe(404);
    await expect(connect(`ws://127.0.0.1:${server?.port}/elsewhere`)).rejects.toThrow("400");
  });

  it("says that the port is taken", async () => {
    const { port } = await start();
    await expect(startSignaling({ port, host: "127.0.0.1" }, log)).rejects.toThrow("EADDRINUSE");
  });

  it("stops although a client breaks the protocol instead of saying goodbye", async () => {
    const { port, stop } = await start();
    const socket = createConnection({ port, host: "127.0.0.1" }).on("error", () => {});
    const upgraded = once(socket, "data");
    socket.write(
      "GET /signaling HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    expect(String(await upgraded)).toContain("101 Switching Protocols");
    const stopped = stop();
    // A frame with every reserved bit set.
    socket.write(Buffer.from([0xff, 0xff, 0, 0]));
    await stopped;
  });

  it("says goodbye to everyone on SIGTERM and ends with 0", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, PORT: "0", HOST: "127.0.0.1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const { port } = JSON.parse(String(line)) as { port: number };
      const one = await connect(`ws://127.0.0.1:${port}/signaling`);
      await one.join("r");
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      expect(await one.closed).toEqual({ code: 1001, reason: "the server is stopping" });
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
