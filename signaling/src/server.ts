import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { WebSocket, WebSocketServer, type RawData } from "ws";
import type { Listening, Running } from "../../service/run.ts";
import { closeCodes, parseClientMessage, type ClientMessage, type Peer, type ServerMessage } from "./protocol.ts";

/** What keeps one client, or many, from using up the server. */
export interface Limits {
  /** Session descriptions are a few kilobytes. */
  readonly messageBytes: number;
  readonly connections: number;
  readonly rooms: number;
  /** Each peer connects with every other: beyond a handful, pages need another topology anyway. */
  readonly peersPerRoom: number;
  /** Messages that a client may send at once; `messagesPerSecond` more come back each second. */
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  /** A connection that has not joined a room by then is closed. */
  readonly joinWithinMs: number;
  /** Whoever answered no ping since the last one is dropped. Under the 60 seconds after which proxies drop silent connections. */
  readonly pingEveryMs: number;
  /** Bytes that may wait for a slow client before it is dropped. */
  readonly unsentBytes: number;
}

export const defaultLimits: Limits = {
  messageBytes: 64 * 1024,
  connections: 2000,
  rooms: 500,
  peersPerRoom: 8,
  messageBurst: 200,
  messagesPerSecond: 50,
  joinWithinMs: 10_000,
  pingEveryMs: 15_000,
  unsentBytes: 1024 * 1024,
};

export interface Signaling extends Running {
  readonly port: number;
  /** How many rooms somebody is in. */
  readonly rooms: number;
}

interface Client {
  readonly socket: WebSocket;
  id: string;
  name: string;
  room?: string;
  alive: boolean;
  allowance: number;
  refilledAt: number;
}

/**
 * Starts listening. Rooms live in this process: run one replica, or route every room to the same one.
 *
 * @throws Error when the port can't be had
 */
export async function startSignaling({ port, host }: Listening, log: Logger, limits: Limits = defaultLimits): Promise<Signaling> {
  const rooms = new Map<string, Map<string, Client>>();
  const clients = new Set<Client>();
  let stopping = false;

  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const ready = path === "/readyz" && !stopping;
    const status = path === "/livez" || ready ? 200 : path === "/readyz" ? 503 : 404;
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
    response.end({ 200: "ok", 503: "stopping", 404: "there is nothing at this address" }[status]);
  });
  const options = {
    server,
    path: "/signaling",
    maxPayload: limits.messageBytes,
    // Messages are few and small, and compression costs memory for each connection.
    perMessageDeflate: false,
    // Missing in @types/ws 8.18: how long a client may take to answer a goodbye.
    closeTimeout: 3000,
  };
  const webSockets = new WebSocketServer(options);
  // It repeats the server's errors, which startSignaling throws; without a listener they would end the process as well.
  webSockets.on("error", () => {});

  webSockets.on("connection", (socket) => {
    const client: Client = {
      socket,
      id: randomUUID(),
      name: "",
      alive: true,
      allowance: limits.messageBurst,
      refilledAt: performance.now(),
    };
    // What goes wrong on a connection is followed by its end: there is nothing else to do.
    socket.on("error", (error) => log.debug({ peer: client.id, reason: error.message }, "connection error"));
    if (stopping) return socket.close(closeCodes.goingAway, "the server is stopping");
    if (clients.size >= limits.connections) {
      log.warn({ connections: clients.size }, "refused a connection: there are too many");
      return socket.close(closeCodes.serverFull, "the server is full");
    }
    clients.add(client);
    const joinDeadline = setTimeout(() => client.room ?? socket.close(closeCodes.joinedTooLate, "no room was joined"), limits.joinWithinMs);
    socket.on("pong", () => (client.alive = true));
    socket.on("message", (data, isBinary) => receive(client, data, isBinary));
    socket.on("close", (code) => {
      clearTimeout(joinDeadline);
      clients.delete(client);
      leave(client);
      log.debug({ peer: client.id, code }, "disconnected");
    });
  });

  function receive(client: Client, data: RawData, isBinary: boolean) {
    const { socket } = client;
    // What arrived before the client learned that its connection is closing.
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!mayGoOn(client)) return socket.close(closeCodes.tooManyMessages, "too many messages");
    if (isBinary) return socket.close(closeCodes.notText, "messages are JSON in text frames");
    let message: ClientMessage;
    try {
      message = parseClientMessage(String(data));
    } catch (error) {
      return socket.close(closeCodes.badMessage, (error as Error).message);
    }
    switch (message.type) {
      case "join":
        return join(client, message);
      case "leave":
        leave(client);
        return send(client, { type: "left" });
      default:
        return relay(client, message);
    }
  }

  /** A bucket that a message takes from and time fills. */
  function mayGoOn(client: Client): boolean {
    const now = performance.now();
    const refill = ((now - client.refilledAt) / 1000) * limits.messagesPerSecond;
    client.allowance = Math.min(limits.messageBurst, client.allowance + refill) - 1;
    client.refilledAt = now;
    return client.allowance >= 0;
  }

  function join(client: Client, { room: roomId, name = "", key }: Extract<ClientMessage, { type: "join" }>) {
    if (client.room) return send(client, { type: "error", code: "already-in-a-room", message: "leave the room first" });
    let room = rooms.get(roomId);
    if (!room) {
      if (rooms.size >= limits.rooms) return client.socket.close(closeCodes.serverFull, "there are too many rooms");
      rooms.set(roomId, (room = new Map()));
    }
    // Its former connection may not have been missed yet.
    if (key !== undefined) client.id = createHash("sha256").update(key).digest("hex").slice(0, 32);
    const former = room.get(client.id);
    if (former) {
      room.delete(client.id);
      former.room = undefined;
      former.socket.close(closeCodes.joinedAgain, "joined again on another connection");
    }
    if (room.size >= limits.peersPerRoom) return client.socket.close(closeCodes.roomFull, "the room is full");
    client.room = roomId;
    client.name = name;
    const others = [...room.values()];
    room.set(client.id, client);
    send(client, { type: "joined", room: roomId, id: client.id, peers: others.map(peerOf) });
    for (const other of others) send(other, { type: "peer-joined", peer: peerOf(client) });
    log.info({ room: roomId, peer: client.id, peers: room.size }, "joined");
  }

  function leave(client: Client) {
    const { room: roomId } = client;
    const room = roomId === undefined ? undefined : rooms.get(roomId);
    if (roomId === undefined || !room) return;
    client.room = undefined;
    room.delete(client.id);
    if (room.size === 0) rooms.delete(roomId);
    for (const other of room.values()) send(other, { type: "peer-left", id: client.id });
    log.info({ room: roomId, peer: client.id, peers: room.size }, "left");
  }

  function relay(client: Client, message: Extract<ClientMessage, { to: string }>) {
    if (!client.room) return send(client, { type: "error", code: "not-in-a-room", message: "join a room first" });
    // Only inside of a room: ids of other rooms' peers are of no use, even to whoever knows one.
    const receiver = rooms.get(client.room)?.get(message.to);
    // Nothing unusual: it may have left a moment ago.
    if (!receiver) return send(client, { type: "error", code: "no-such-peer", message: "that peer is not in the room" });
    const { to: _, ...content } = message;
    send(receiver, { ...content, from: client.id });
  }

  function send({ socket, id }: Client, message: ServerMessage) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify(message));
    if (socket.bufferedAmount > limits.unsentBytes) {
      log.warn({ peer: id, unsent: socket.bufferedAmount }, "dropped a client that reads too slowly");
      socket.terminate();
    }
  }

  server.listen({ port, host });
  await once(server, "listening");
  const { port: actual } = server.address() as AddressInfo;
  log.info({ port: actual }, "listening");

  const ping = setInterval(() => {
    for (const client of clients) {
      if (!client.alive) {
        log.info({ peer: client.id }, "dropped a dead peer");
        client.socket.terminate();
        continue;
      }
      client.alive = false;
      client.socket.ping();
    }
  }, limits.pingEveryMs);

  return {
    port: actual,
    get rooms() {
      return rooms.size;
    },
    async stop() {
      if (stopping) return;
      stopping = true;
      // An error during the goodbye is followed by the end as well.
      const gone = [...webSockets.clients].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const socket of webSockets.clients) socket.close(closeCodes.goingAway, "the server is stopping");
      await Promise.all(gone);
      clearInterval(ping);
      webSockets.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

const peerOf = ({ id, name }: Client): Peer => ({ id, name });
