import type { inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "backend-trpc/router";

type Answers = inferRouterOutputs<AppRouter>;
export type Status = Answers["status"];
export type Room = Answers["rooms"]["create"];

export interface Message {
  readonly id: number;
  readonly kind: "mine" | "theirs" | "notice";
  /** Who wrote it; a notice has no author. */
  readonly author?: Peer;
  readonly text: string;
  readonly at: Date;
}

export interface Peer {
  readonly id: string;
  readonly name: string;
  /** Whether messages can pass to this browser and back. */
  readonly state: "connecting" | "connected";
}

export interface RoomVisit {
  readonly id: string;
  /** Known once the backend let us in. */
  readonly room?: Room;
  readonly phase: "joining" | "joined" | "gone" | "full";
  /** The way by which browsers find each other; those that have found each other don't need it any more. */
  readonly signaling: "connecting" | "connected" | "waiting";
  readonly peers: readonly Peer[];
  readonly messages: readonly Message[];
}

/** All that the page shows. Drafts are here too, so that an edited view keeps what somebody is typing. */
export interface State {
  readonly myName: string;
  readonly backendUrl?: string;
  /** What keeps the page from working at all. */
  readonly failure?: string;
  readonly backend: "connecting" | "up" | "down";
  readonly status?: Status;
  readonly latencyMs?: number;
  /** Undefined until the first answer. */
  readonly rooms?: readonly Room[];
  readonly roomDraft: string;
  readonly creating: boolean;
  readonly createProblem?: string;
  readonly visit?: RoomVisit;
  readonly messageDraft: string;
  readonly linkCopied: boolean;
}

let state: State = {
  myName: myName(),
  backend: "connecting",
  roomDraft: "",
  creating: false,
  messageDraft: "",
  linkCopied: false,
};
let painted = false;
let paint: () => void = () => {};

export const current = (): State => state;

/** Changes some of the state and has the page drawn once, however many changes there are. */
export function change(changes: Partial<State>): void {
  state = { ...state, ...changes };
  if (painted) return;
  painted = true;
  queueMicrotask(() => {
    painted = false;
    paint();
  });
}

/** @param draw is called after each change. */
export function onChange(draw: () => void): void {
  paint = draw;
}

/** A name for this tab: two tabs of one browser are two visitors. */
function myName(): string {
  const kept = sessionStorage.getItem("name");
  if (kept) return kept;
  const pick = (words: string) => words.split(" ").at(Math.random() * 12) ?? "";
  const name = `${pick("amber brisk calm clever coral dapper golden jolly lucky mellow quiet swift")} ${pick(
    "badger crane dolphin falcon heron lynx marten otter puffin seal tern wren",
  )}`;
  sessionStorage.setItem("name", name);
  return name;
}
