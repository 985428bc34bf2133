import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { ref } from "lit-html/directives/ref.js";
import type { Actions } from "../actions.ts";
import type { Message, Peer, RoomVisit, State } from "../state.ts";

export function room(visit: RoomVisit, state: State, actions: Actions | undefined): TemplateResult {
  if (visit.phase === "gone") return closed("This room is gone", "Rooms close when nobody has joined them for a while. Open a new one, it takes a second.");
  if (visit.phase === "full") return closed("This room is full", "Every visitor connects with every other, so a room takes eight. Open another one.");
  const connected = visit.peers.filter(({ state }) => state === "connected").length;
  return html`
    <section class="room">
      <div class="room-head">
        <a class="back" href=${location.pathname} data-testid="leave-room">← All rooms</a>
        <h1 tabindex="-1" data-testid="room-title">${visit.room?.name ?? "Joining"}</h1>
        ${connection(visit, connected)}
      </div>
      <div class="talk">
        <ol class="messages" role="log" aria-label="Messages" data-testid="message-list" ${ref(keepAtEnd(visit.messages.length))}>
          ${visit.messages.length === 0 ? html`<li class="empty">${connected > 0 ? "Say something." : "Nothing said yet. Open this room in a second tab."}</li>` : nothing}
          ${repeat(visit.messages, ({ id }) => id, message)}
        </ol>
        ${composer(state, connected, actions)}
      </div>
      <aside class="people">
        <h2>In this room</h2>
        <ul data-testid="peer-list">
          ${person({ id: "me", name: state.myName, state: "connected" }, "you")} ${repeat(visit.peers, ({ id }) => id, (peer) => person(peer, peer.state))}
        </ul>
        <div class="invite">
          <a class="button" href=${location.href} target="_blank" rel="noopener" data-testid="second-tab">Open a second tab</a>
          <button class="quiet" data-testid="copy-link" @click=${() => actions?.copyLink()}>${state.linkCopied ? "Link copied" : "Copy link"}</button>
        </div>
      </aside>
    </section>
  `;
}

function closed(title: string, text: string): TemplateResult {
  return html`
    <section class="closed" data-testid="room-closed">
      <h1 tabindex="-1">${title}</h1>
      <p class="lead">${text}</p>
      <a class="button" href=${location.pathname}>All rooms</a>
    </section>
  `;
}

function connection({ phase, signaling, peers }: RoomVisit, connected: number): TemplateResult {
  const others = connected === 1 ? "Connected with 1 browser" : `Connected with ${connected} browsers`;
  const [state, words] =
    connected > 0
      ? ["connected", others]
      : phase === "joining" || signaling === "connecting"
        ? ["connecting", "Joining the room"]
        : signaling === "waiting"
          ? ["waiting", "Signaling is away, trying again"]
          : peers.length > 0
            ? ["connecting", "Connecting"]
            : ["alone", "Nobody else is here yet"];
  return html`
    <p class="status" role="status" data-testid="connection-state" data-state=${state} data-signaling=${signaling}>
      <i class="dot"></i>${words}<span class="count" data-testid="peer-count">${connected}</span>
    </p>
  `;
}

function composer({ messageDraft }: State, connected: number, actions: Actions | undefined): TemplateResult {
  const submit = (event: Event) => {
    event.preventDefault();
    actions?.sendMessage();
  };
  return html`
    <form class="field composer" @submit=${submit}>
      <label class="unseen" for="message">Message</label>
      <input
        id="message"
        data-testid="message-input"
        maxlength="2000"
        autocomplete="off"
        placeholder=${connected > 0 ? "Write a message" : "Waiting for somebody to talk to"}
        .value=${messageDraft}
        @input=${(event: InputEvent) => actions?.typeMessage((event.target as HTMLInputElement).value)}
      />
      <button data-testid="send-message" ?disabled=${connected === 0 || messageDraft.trim() === ""}>Send</button>
    </form>
  `;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function message({ kind, author, text, at }: Message): TemplateResult {
  return html`
    <li class=${kind} data-testid="message" data-kind=${kind}>
      ${author ? html`<span class="author">${kind === "mine" ? "you" : author.name}, ${clock.format(at)}</span>` : nothing}
      <span class="text">${text}</span>
    </li>
  `;
}

function person({ name, state }: Peer, note: string): TemplateResult {
  const initials = name.split(" ").map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  return html`
    <li data-testid="peer" data-state=${state}>
      <span class="face" data-hue=${[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6} aria-hidden="true">${initials}</span>
      <span><b>${name}</b><small>${note}</small></span>
    </li>
  `;
}

/** Scrolls to the newest message whenever there is one more. */
function keepAtEnd(count: number) {
  return (list?: Element) => {
    if (!(list instanceof HTMLElement) || list.dataset.count === String(count)) return;
    list.dataset.count = String(count);
    list.scrollTop = list.scrollHeight;
  };
}
