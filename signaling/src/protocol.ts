/** RTCIceCandidateInit, without the DOM's types. @see https://www.w3.org/TR/webrtc/#dom-rtcicecandidateinit */
export interface IceCandidate {
  candidate?: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

/** What a client sends. Every message is one JSON object in a text frame. */
export type ClientMessage =
  /** Who joins with the same key has the same id: the others see that it is the one from before. */
  | { type: "join"; room: string; name?: string; key?: string }
  | { type: "leave" }
  | { type: "offer" | "answer"; to: string; sdp: string }
  | { type: "candidate"; to: string; candidate: IceCandidate | null };

export interface Peer {
  readonly id: string;
  /** What the peer calls itself; nobody has checked it. */
  readonly name: string;
}

/** What the server sends. Relayed messages carry their sender instead of their receiver. */
export type ServerMessage =
  | { type: "joined"; room: string; id: string; peers: Peer[] }
  | { type: "left" }
  | { type: "peer-joined"; peer: Peer }
  | { type: "peer-left"; id: string }
  | { type: "offer" | "answer"; from: string; sdp: string }
  | { type: "candidate"; from: string; candidate: IceCandidate | null }
  /** Something did not work; the connection goes on. */
  | { type: "error"; code: "no-such-peer" | "not-in-a-room" | "already-in-a-room"; message: string };

/** Why the server ends a connection. Codes below 4000 are those of RFC 6455. */
export const closeCodes = {
  goingAway: 1001,
  notText: 1003,
  badMessage: 1007,
  tooManyMessages: 1008,
  serverFull: 1013,
  roomFull: 4001,
  joinedTooLate: 4002,
  joinedAgain: 4003,
} as const;

/**
 * Reads one message. Fields that the protocol doesn't have are left out, so that nothing else is ever relayed.
 *
 * @throws Error that says what is wrong with it
 */
export function parseClientMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Error("not JSON");
  }
  if (!isRecord(message)) throw new Error("not a JSON object");
  const { type, room, name, key, to, sdp, candidate } = message;
  switch (type) {
    case "join":
      if (typeof room !== "string" || !/^[\w-]{1,64}$/.test(room)) throw new Error("join: room must be 1 to 64 letters, digits, - or _");
      if (name !== undefined && (typeof name !== "string" || name.length > 40)) throw new Error("join: name must be a string of 40 characters at the most");
      if (key !== undefined && (typeof key !== "string" || !/^[\w-]{16,64}$/.test(key))) throw new Error("join: key must be 16 to 64 letters, digits, - or _");
      return { type, room, name, key };
    case "leave":
      return { type };
    case "offer":
    case "answer":
      if (typeof to !== "string" || typeof sdp !== "string") throw new Error(`${type}: to and sdp must be strings`);
      return { type, to, sdp };
    case "candidate":
      if (typeof to !== "string" || !(candidate === null || isRecord(candidate))) throw new Error("candidate: to must be a string, candidate an object or null");
      return { type, to, candidate: candidate && parseCandidate(candidate) };
    default:
      throw new Error("type must be join, leave, offer, answer or candidate");
  }
}

function parseCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: Record<string, unknown>): IceCandidate {
  const isLine = sdpMLineIndex === undefined || sdpMLineIndex === null || typeof sdpMLineIndex === "number";
  if (!isText(candidate) || !isTextOrNull(sdpMid) || !isLine || !isTextOrNull(usernameFragment))
    throw new Error("candidate: candidate, sdpMid and usernameFragment must be strings, sdpMLineIndex a number");
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}

const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string";
const isTextOrNull = (value: unknown): value is string | null | undefined => value === null || isText(value);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
