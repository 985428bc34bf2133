import type { ServerMessage } from "signaling/protocol";
import { connectSignaling } from "./signaling-client.ts";
import type { Peer } from "./state.ts";

export interface Mesh {
  /** Sends to every browser in the room that is connected. */
  send(text: string): void;
  close(): void;
}

export interface MeshEvents {
  onSignaling(state: "connecting" | "connected" | "waiting"): void;
  onPeers(peers: Peer[]): void;
  onText(author: Peer, text: string): void;
  onFull(): void;
}

export interface MeshOptions {
  readonly signalingUrl: string;
  readonly iceServers: RTCIceServer[];
  readonly room: string;
  readonly name: string;
}

/** Longer messages are cut off by the sender, and ignored from others. */
export const maximumText = 2000;

interface Connection {
  peer: Peer;
  readonly rtc: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  /** We call, also when the connection has to be made anew: both at once would get in each other's way. */
  caller: boolean;
  /** Signaling has lost it. Messages pass all the same, and it may come back under the same id. */
  left: boolean;
  /** Descriptions and candidates must be taken in the order in which they come, and each takes a moment. */
  pending: Promise<unknown>;
}

/**
 * Connects with every browser in the room. Who comes later calls those who are there already, so that nobody calls twice.
 * Whom messages reach stays connected while signaling is away, on either side: it is needed for new connections only.
 */
export function joinMesh({ signalingUrl, iceServers, room, name }: MeshOptions, events: MeshEvents): Mesh {
  const connections = new Map<string, Connection>();
  const signaling = connectSignaling(signalingUrl, { room, name, key: crypto.randomUUID() }, { onState: events.onSignaling, onMessage, onFull: events.onFull });
  const tellPeers = () => events.onPeers([...connections.values()].map(({ peer }) => peer));

  function onMessage(message: ServerMessage) {
    switch (message.type) {
      case "joined":
        for (const [id, connection] of connections) {
          connection.left = !message.peers.some((peer) => peer.id === id);
          if (!isOpen(connection)) drop(id);
        }
        for (const { id, name: peerName } of message.peers) {
          const open = connections.get(id);
          if (open) open.caller = true;
          else void call(connect(id, peerName));
        }
        return tellPeers();
      case "peer-joined": {
        const { id, name: peerName } = message.peer;
        const known = connections.get(id);
        if (known && isOpen(known)) {
          known.left = false;
          known.caller = false;
        } else connect(id, peerName);
        return tellPeers();
      }
      case "peer-left": {
        const known = connections.get(message.id);
        if (known && isOpen(known)) known.left = true;
        else drop(message.id);
        return tellPeers();
      }
      case "offer": {
        const known = connections.get(message.from);
        // We call: this was sent before it learned that.
        if (!known || waitsForAnswer(known)) return;
        if (isOfAnother(known, message.sdp)) connect(message.from, known.peer.name);
        return inTurn(message.from, async ({ rtc }) => {
          await rtc.setRemoteDescription({ type: "offer", sdp: message.sdp });
          await rtc.setLocalDescription();
          signaling.send({ type: "answer", to: message.from, sdp: rtc.localDescription?.sdp ?? "" });
        });
      }
      case "answer": {
        const known = connections.get(message.from);
        if (known && isOfAnother(known, message.sdp)) return void call(connect(message.from, known.peer.name));
        return inTurn(message.from, ({ rtc }) => rtc.setRemoteDescription({ type: "answer", sdp: message.sdp }));
      }
      case "candidate":
        return inTurn(message.from, ({ rtc }) => rtc.addIceCandidate(message.candidate));
    }
  }

  function inTurn(from: string, step: (connection: Connection) => Promise<unknown>) {
    const connection = connections.get(from);
    if (!connection) return;
    connection.pending = connection.pending.then(() => step(connection)).catch((error) => console.warn("WebRTC:", error));
  }

  /** Prepares a connection, in place of the one that there is. */
  function connect(id: string, peerName: string): Connection {
    drop(id);
    const rtc = new RTCPeerConnection({ iceServers });
    // Negotiated by convention instead of by announcement: both sides have the channel at once.
    const channel = rtc.createDataChannel("chat", { negotiated: true, id: 0 });
    const connection: Connection = { peer: { id, name: peerName, state: "connecting" }, rtc, channel, caller: false, left: false, pending: Promise.resolve() };
    connections.set(id, connection);

    const become = (state: Peer["state"]) => {
      if (connections.get(id) !== connection) return;
      connection.peer = { ...connection.peer, state };
      if (connection.left && state === "connecting") drop(id);
      tellPeers();
    };
    channel.onopen = () => become("connected");
    // The other side has ended it: its page is gone, which signaling says in a moment, or it starts anew.
    channel.onclose = () => {
      become("connecting");
      if (connections.get(id) !== connection) return;
      const next = connect(id, peerName);
      if (connection.caller) void call(next);
    };
    channel.onmessage = ({ data }) => {
      if (typeof data === "string" && data.length <= maximumText) events.onText(connection.peer, data);
    };
    rtc.onicecandidate = ({ candidate }) => candidate && signaling.send({ type: "candidate", to: id, candidate: candidate.toJSON() });
    rtc.onconnectionstatechange = () => {
      if (rtc.connectionState === "disconnected" || rtc.connectionState === "failed") become("connecting");
      if (rtc.connectionState === "connected" && channel.readyState === "open") become("connected");
      if (rtc.connectionState === "failed" && connection.caller && connections.get(id) === connection) {
        rtc.restartIce();
        void call(connection);
      }
    };
    return connection;
  }

  async function call(connection: Connection) {
    connection.caller = true;
    await connection.rtc.setLocalDescription();
    signaling.send({ type: "offer", to: connection.peer.id, sdp: connection.rtc.localDescription?.sdp ?? "" });
  }

  function drop(id: string) {
    const connection = connections.get(id);
    connections.delete(id);
    connection?.rtc.close();
  }

  function close() {
    removeEventListener("pagehide", onPageHide);
    signaling.close();
    for (const id of connections.keys()) drop(id);
  }

  // A browser ends a page without a word to the others, who would wait some seconds for a sign of life.
  const onPageHide = ({ persisted }: PageTransitionEvent) => persisted || close();
  addEventListener("pagehide", onPageHide);

  return {
    send(text) {
      for (const { channel } of connections.values()) if (channel.readyState === "open") channel.send(text.slice(0, maximumText));
    },
    close,
  };
}

const isOpen = ({ rtc, channel }: Connection) => channel.readyState === "open" && rtc.connectionState === "connected";

const waitsForAnswer = ({ rtc, caller }: Connection) => caller && (rtc.remoteDescription === null || rtc.signalingState === "have-local-offer");

/** Whether a description comes from another RTCPeerConnection than the one that is connected: each has its own certificate. */
const isOfAnother = ({ rtc }: Connection, sdp: string) => rtc.remoteDescription !== null && fingerprint(rtc.remoteDescription.sdp) !== fingerprint(sdp);
const fingerprint = (sdp: string) => /^a=fingerprint:.*$/m.exec(sdp)?.[0];
