import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { WebSocket, WebSocketServer } from "ws";

export interface SignalingProxyOptions {
  /** Where the signaling service listens: ws://host:port, optionally with a path other than /signaling. */
  readonly target: string;
  readonly log: Logger;
  /** @default 65536: session descriptions are a few kilobytes. */
  readonly maxMessageBytes?: number;
  /** @default 1000 */
  readonly maxConnections?: number;
}

export interface SignalingProxy {
  /** Takes over a socket that asked for an upgrade: connects it with the signaling service, or answers why not. */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether the signaling service says that it is ready. */
  state(): Promise<"up" | "down">;
  /** Says goodbye (1001) on every connection; resolves when they are gone, or were cut off. */
  close(): Promise<void>;
}

/** How much may wait for a slow receiver before its sender has to wait as well. */
const highWaterMark = 256 * 1024;
const handshakeTimeout = 3000;
const closeTimeout = 3000;

/**
 * Lets browsers reach the signaling service at this service's host. Both sides are real WebSockets, not a byte tunnel:
 * only so can messages be bounded and a stopping replica say goodbye properly. Pings pass through, so that the
 * signaling service, which drops who doesn't answer, sees the browser and not this proxy.
 */
export function createSignalingProxy({
  target,
  log,
  maxMessageBytes = 64 * 1024,
  maxConnections = 1000,
}: SignalingProxyOptions): SignalingProxy {
  const address = new URL(target);
  if (address.pathname === "/") address.pathname = "/signaling";
  const readiness = new URL("/readyz", address);
  readiness.protocol = address.protocol === "wss:" ? "https:" : "http:";

  const limits = { maxPayload: maxMessageBytes, perMessageDeflate: false, autoPong: false, closeTimeout };
  const server = new WebSocketServer({ noServer: true, clientTracking: true, ...limits });
  const connecting = new Set<WebSocket>();
  let reachable = true;
  let closing = false;

  return {
    connect(request, socket, head) {
      if (server.clients.size + connecting.size >= maxConnections)
        return refuse(socket, 503, "Service Unavailable", "too many signaling connections");

      const upstream = new WebSocket(address, { handshakeTimeout, ...limits });
      connecting.add(upstream);
      const giveUp = () => upstream.terminate();
      socket.once("close", giveUp);
      const connected = () => {
        connecting.delete(upstream);
        socket.off("close", giveUp);
        upstream.off("error", failed);
      };
      const failed = (error: Error) => {
        connected();
        upstream.on("error", () => {});
        if (socket.destroyed) return;
        if (closing) return refuse(socket, 503, "Service Unavailable", "this server is stopping");
        if (reachable) log.warn({ reason: error.message }, "the signaling service is not reachable");
        reachable = false;
        refuse(socket, 502, "Bad Gateway", "the signaling service is not reachable");
      };
      upstream.once("error", failed);
      upstream.once("open", () => {
        connected();
        if (!reachable) log.info("the signaling service is back");
        reachable = true;
        upstream.on("error", () => {});
        if (socket.destroyed) return upstream.terminate();
        let accepted = false;
        server.handleUpgrade(request, socket, head, (downstream) => {
          accepted = true;
          downstream.on("error", () => {});
          forward(downstream, upstream);
          forward(upstream, downstream);
        });
        if (!accepted) upstream.terminate();
      });
    },

    async state() {
      try {
        const { ok } = await fetch(readiness, { signal: AbortSignal.timeout(1000) });
        return ok ? "up" : "down";
      } catch {
        return "down";
      }
    },

    async close() {
      closing = true;
      const gone = [...server.clients, ...connecting].map((client) => new Promise((resolve) => client.once("close", resolve)));
      for (const client of server.clients) client.close(1001, "the server is stopping");
      for (const upstream of connecting) upstream.terminate();
      await Promise.all(gone);
      server.close();
    },
  };
}

function forward(from: WebSocket, to: WebSocket) {
  from.on("message", (data, isBinary) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount < highWaterMark) from.resume();
    });
    if (to.bufferedAmount >= highWaterMark) from.pause();
  });
  from.on("ping", (data) => to.readyState === WebSocket.OPEN && to.ping(data));
  from.on("pong", (data) => to.readyState === WebSocket.OPEN && to.pong(data));
  from.on("close", (code, reason) => {
    // A paused side would never see that the other one has answered its close frame.
    to.resume();
    if (code === 1006) return to.close(1014, "the other side is gone");
    // 1005 says that there was no code: it is for reading only, as 1006 and 1015 are.
    if (code === 1005) return to.close();
    to.close(code, reason);
  });
}

/** Answers an upgrade request with plain HTTP. */
export function refuse(socket: Duplex, status: number, title: string, message: string) {
  const body = `${message}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // Or a client that never closes its side would hold the connection.
    () => socket.destroy(),
  );
}
