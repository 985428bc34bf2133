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
  /** Descriptions and candidates must be taken in the order in which they come, and each takes a moment. */
  pending: Promise<unknown>;
}

/** Connects with every browser in the room. Who comes later calls those who are there already, so that nobody calls twice. */
export function joinMesh({ signalingUrl, iceServers, room, name }: MeshOptions, events: MeshEvents): Mesh {
  const connections = new Map<string, Connection>();
  const signaling = connectSignaling(signalingUrl, room, name, { onState: events.onSignaling, onMessage, onFull: events.onFull });
  const tellPeers = () => events.onPeers([...connections.values()].map(({ peer }) => peer));

  function onMessage(message: ServerMessage) {
    switch (message.type) {
      case "joined":
        // After a lost connection we are somebody new to the others, and they may be new to us.
        for (const id of connections.keys()) drop(id);
        for (const peer of message.peers) void call(connect(peer.id, peer.name));
        return tellPeers();
      case "peer-joined":
        connect(message.peer.id, message.peer.name);
        return tellPeers();
      case "peer-left":
        drop(message.id);
        return tellPeers();
      case "offer":
        return inTurn(message.from, async ({ rtc }) => {
          await rtc.setRemoteDescription({ type: "offer", sdp: message.sdp });
          await rtc.setLocalDescription();
          signaling.send({ type: "answer", to: message.from, sdp: rtc.localDescription?.sdp ?? "" });
        });
      case "answer":
        return inTurn(message.from, ({ rtc }) => rtc.setRemoteDescription({ type: "answer", sdp: message.sdp }));
      case "candidate":
        return inTurn(message.from, ({ rtc }) => rtc.addIceCandidate(message.candidate as RTCIceCandidateInit | null));
    }
  }

  function inTurn(from: string, step: (connection: Connection) => Promise<unknown>) {
    const connection = connections.get(from);
    if (!connection) return;
    connection.pending = connection.pending.then(() => step(connection)).catch((error) => console.warn("WebRTC:", error));
  }

  function connect(id: string, peerName: string): Connection {
    const rtc = new RTCPeerConnection({ iceServers });
    // Negotiated by convention instead of by announcement: both sides have the channel at once.
    const channel = rtc.createDataChannel("chat", { negotiated: true, id: 0 });
    const connection: Connection = { peer: { id, name: peerName, state: "connecting" }, rtc, channel, pending: Promise.resolve() };
    connections.set(id, connection);

    const become = (state: Peer["state"]) => {
      if (connections.get(id) !== connection) return;
      connection.peer = { ...connection.peer, state };
      tellPeers();
    };
    channel.onopen = () => become("connected");
    channel.onclose = () => become("connecting");
    channel.onmessage = ({ data }) => {
      if (typeof data === "string" && data.length <= maximumText) events.onText(connection.peer, data);
    };
    rtc.onicecandidate = ({ candidate }) => candidate && signaling.send({ type: "candidate", to: id, candidate: candidate.toJSON() });
    rtc.onconnectionstatechange = () => {
      if (rtc.connectionState === "disconnected" || rtc.connectionState === "failed") become("connecting");
      if (rtc.connectionState === "connected" && channel.readyState === "open") become("connected");
      // Only who called calls again: both at once would get in each other's way.
      if (rtc.connectionState === "failed" && callers.has(connection)) {
        rtc.restartIce();
        void call(connection);
      }
    };
    return connection;
  }

  const callers = new WeakSet<Connection>();
  async function call(connection: Connection) {
    callers.add(connection);
    await connection.rtc.setLocalDescription();
    signaling.send({ type: "offer", to: connection.peer.id, sdp: connection.rtc.localDescription?.sdp ?? "" });
  }

  function drop(id: string) {
    connections.get(id)?.rtc.close();
    connections.delete(id);
  }

  return {
    send(text) {
      for (const { channel } of connections.values()) if (channel.readyState === "open") channel.send(text.slice(0, maximumText));
    },
    close() {
      signaling.close();
      for (const id of connections.keys()) drop(id);
    },
  };
}
