import { createApi, errorCode, type Api } from "./api.ts";
import { backoffMs, pause } from "./backoff.ts";
import { joinMesh, maximumText, type Mesh } from "./mesh.ts";
import type { RuntimeConfig } from "./server/runtime-config.ts";
import { change, current, type Message, type Peer, type RoomVisit } from "./state.ts";

/** What the views can have done. */
export interface Actions {
  typeRoomName(text: string): void;
  createRoom(): Promise<void>;
  typeMessage(text: string): void;
  sendMessage(): void;
  copyLink(): Promise<void>;
}

const refreshEveryMs = 5000;

/** Connects the page with its backend, and with the room that its address names. */
export function start(config: RuntimeConfig): { actions: Actions; showAddress(): void } {
  const api = createApi(config.backendUrl);
  change({ backendUrl: config.backendUrl });
  void keepFresh(api);
  let leave = () => {};

  /** Shows what the address says: a room or all of them. */
  function showAddress() {
    const id = new URLSearchParams(location.search).get("room") ?? undefined;
    if (id === current().visit?.id) return;
    leave();
    leave = id ? visit(id, api, config) : () => {};
    if (!id) change({ visit: undefined });
    change({ messageDraft: "", linkCopied: false });
  }

  const actions: Actions = {
    typeRoomName: (roomDraft) => change({ roomDraft, createProblem: undefined }),
    async createRoom() {
      const name = current().roomDraft.trim();
      if (!name || current().creating) return;
      change({ creating: true, createProblem: undefined });
      try {
        const room = await api.rooms.create.mutate({ name });
        change({ roomDraft: "", rooms: [room, ...(current().rooms ?? [])] });
        history.pushState(null, "", `?room=${room.id}`);
        showAddress();
      } catch (error) {
        const isAnswer = errorCode(error) !== undefined && error instanceof Error;
        change({ createProblem: isAnswer ? error.message : "The backend can't be reached. Try again in a moment." });
      } finally {
        change({ creating: false });
      }
    },
    typeMessage: (messageDraft) => change({ messageDraft }),
    sendMessage() {
      const text = current().messageDraft.trim().slice(0, maximumText);
      if (!text || !mesh) return;
      mesh.send(text);
      change({ messageDraft: "" });
      say({ kind: "mine", text, author: { id: "me", name: current().myName, state: "connected" } });
    },
    async copyLink() {
      await navigator.clipboard.writeText(location.href);
      change({ linkCopied: true });
    },
  };
  return { actions, showAddress };
}

let mesh: Mesh | undefined;

/** @returns how to leave the room. */
function visit(id: string, api: Api, { backendUrl, iceServers }: RuntimeConfig): () => void {
  let left = false;
  const announce = announcer();
  change({ visit: { id, phase: "joining", signaling: "connecting", peers: [], messages: [] } });

  async function join() {
    for (let failures = 1; !left; failures += 1) {
      try {
        const room = await api.rooms.join.mutate({ id });
        if (left) return;
        changeVisit({ room, phase: "joined" });
        change({ rooms: [room, ...(current().rooms ?? []).filter((other) => other.id !== id)] });
        return enter();
      } catch (error) {
        if (left) return;
        if (["NOT_FOUND", "BAD_REQUEST"].includes(errorCode(error) ?? "")) return changeVisit({ phase: "gone" });
        await pause(backoffMs(failures));
      }
    }
  }

  function enter() {
    mesh = joinMesh(
      { signalingUrl: `${backendUrl.replace(/^http/, "ws")}/signaling`, iceServers, room: id, name: current().myName },
      {
        onSignaling: (signaling) => changeVisit({ signaling }),
        onFull: () => changeVisit({ phase: "full" }),
        onText: (author, text) => say({ kind: "theirs", author, text }),
        onPeers(peers) {
          announce(peers);
          changeVisit({ peers });
        },
      },
    );
  }

  void join();
  return () => {
    left = true;
    mesh?.close();
    mesh = undefined;
  };
}

/** Says who came and who went, once it is true for this browser; that a connection is made anew is no news. */
function announcer(): (peers: readonly Peer[]) => void {
  const here = new Map<string, string>();
  return (peers) => {
    for (const { id, name, state } of peers) {
      if (state !== "connected" || here.has(id)) continue;
      here.set(id, name);
      say({ kind: "notice", text: `${name} is here` });
    }
    for (const [id, name] of here) {
      if (peers.some((peer) => peer.id === id)) continue;
      here.delete(id);
      say({ kind: "notice", text: `${name} has left` });
    }
  };
}

let lastMessage = 0;

function say(message: Omit<Message, "id" | "at">) {
  const messages = current().visit?.messages ?? [];
  // A long conversation must not slow the page down.
  changeVisit({ messages: [...messages.slice(-499), { ...message, id: (lastMessage += 1), at: new Date() }] });
}

function changeVisit(changes: Partial<RoomVisit>) {
  const { visit } = current();
  if (visit) change({ visit: { ...visit, ...changes } });
}

async function keepFresh(api: Api) {
  for (let failures = 0; ; ) {
    try {
      const asked = performance.now();
      const status = await api.status.query();
      change({ backend: "up", status, latencyMs: Math.round(performance.now() - asked) });
      failures = 0;
      // When Valkey is down this fails, and the status says so.
      if (status.store.state === "up") change({ rooms: await api.rooms.list.query() });
    } catch (error) {
      failures += 1;
      if (errorCode(error) === undefined) change({ backend: "down", status: undefined });
    }
    await pause(failures > 0 ? backoffMs(failures) : refreshEveryMs);
  }
}
