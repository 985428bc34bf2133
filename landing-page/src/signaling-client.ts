import type { ClientMessage, ServerMessage } from "signaling/protocol";
import { backoffMs, pause } from "./backoff.ts";

export interface SignalingClient {
  /** Sends now, or never: what is said while there is no connection is outdated when there is one. */
  send(message: ClientMessage): void;
  close(): void;
}

export interface SignalingEvents {
  onState(state: "connecting" | "connected" | "waiting"): void;
  onMessage(message: ServerMessage): void;
  /** The room takes no more people; there is no further attempt. */
  onFull(): void;
}

const roomFull = 4001;

/** Stays connected with the signaling server, and in the room, until it is closed. */
export function connectSignaling(url: string, as: Omit<Extract<ClientMessage, { type: "join" }>, "type">, events: SignalingEvents): SignalingClient {
  let socket: WebSocket | undefined;
  let closed = false;
  // A browser notices late that the network is gone: the socket would look open until then.
  const onOffline = () => socket?.close();
  addEventListener("offline", onOffline);

  /** @returns whether the room was joined, when the connection has ended. */
  function connectOnce(): Promise<boolean> {
    return new Promise((resolve) => {
      let joined = false;
      socket = new WebSocket(url);
      socket.onopen = () => send({ type: "join", ...as });
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data) as ServerMessage;
        if (message.type === "joined") {
          joined = true;
          events.onState("connected");
        }
        events.onMessage(message);
      };
      socket.onclose = ({ code }) => {
        if (code === roomFull) {
          close();
          events.onFull();
        }
        resolve(joined);
      };
    });
  }

  async function stayConnected() {
    for (let failures = 0; !closed; ) {
      events.onState("connecting");
      failures = (await connectOnce()) ? 1 : failures + 1;
      if (closed) return;
      events.onState("waiting");
      await pause(backoffMs(failures));
    }
  }

  function send(message: ClientMessage) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  function close() {
    closed = true;
    removeEventListener("offline", onOffline);
    socket?.close(1000);
  }

  void stayConnected();
  return { send, close };
}
