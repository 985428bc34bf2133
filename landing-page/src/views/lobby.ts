import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Actions } from "../actions.ts";
import type { Room, State } from "../state.ts";

export function lobby(state: State, actions: Actions | undefined): TemplateResult {
  return html`
    <section class="hero">
      <div>
        <h1 tabindex="-1">Open a room.<br />Talk browser<br />to browser.</h1>
        <p class="lead">
          A room lives in Valkey until nobody has joined it for a while. The backend introduces its visitors to each other; what they say
          then goes from one browser to the next, past every server.
        </p>
        ${createForm(state, actions)}
      </div>
      ${services(state)}
    </section>
    <section class="rooms" aria-labelledby="rooms-title">
      <h2 id="rooms-title">Open rooms</h2>
      ${roomList(state)}
    </section>
  `;
}

function createForm({ roomDraft, creating, createProblem }: State, actions: Actions | undefined): TemplateResult {
  const submit = (event: Event) => {
    event.preventDefault();
    void actions?.createRoom();
  };
  return html`
    <form class="create" @submit=${submit}>
      <label for="room-name">Name of the room</label>
      <div class="field">
        <input
          id="room-name"
          data-testid="room-name"
          maxlength="60"
          autocomplete="off"
          required
          placeholder="Stand-up"
          .value=${roomDraft}
          @input=${(event: InputEvent) => actions?.typeRoomName((event.target as HTMLInputElement).value)}
        />
        <button data-testid="create-room" ?disabled=${creating}>${creating ? "Creating" : "Create room"}</button>
      </div>
      ${createProblem ? html`<p class="problem" role="alert" data-testid="create-problem">${createProblem}</p>` : nothing}
    </form>
  `;
}

function services({ backend, status, latencyMs }: State): TemplateResult {
  const known = backend === "up" && status;
  const store = status?.store.kind === "memory" ? "in memory" : undefined;
  return html`
    <section class="services" aria-label="Services">
      <p class="host">${location.host}</p>
      <ul class="tree">
        ${service("landing-page", "up", "this page")}
        <li data-testid="service-backend-trpc" data-state=${backend}>
          ${row("backend-trpc", backend, known ? `${latencyMs} ms` : "")}
          <ul>
            ${service("valkey", store ? "none" : known ? status.store.state : "unknown", store ?? "")}
            ${service("signaling", !known ? "unknown" : status.signaling === "unconfigured" ? "none" : status.signaling, "")}
          </ul>
        </li>
      </ul>
      <p class="instance" data-testid="instance">${known ? html`answered by <b>${status.instance}</b>, up ${duration(status.uptimeSeconds)}` : "no answer yet"}</p>
    </section>
  `;
}

function service(name: string, state: string, detail: string): TemplateResult {
  return html`<li data-testid="service-${name}" data-state=${state}>${row(name, state, detail)}</li>`;
}

const stateWords: Record<string, string> = { up: "up", down: "down", connecting: "connecting", unknown: "unknown", none: "not used" };

const row = (name: string, state: string, detail: string) =>
  html`<span class="service"><i class="dot"></i><b>${name}</b><span class="detail">${detail || stateWords[state]}</span></span>`;

function roomList({ rooms }: State): TemplateResult {
  if (!rooms) return html`<p class="empty" data-testid="rooms-loading">Looking for rooms</p>`;
  if (rooms.length === 0) return html`<p class="empty" data-testid="no-rooms">None yet. Create the first one above.</p>`;
  return html`<ul class="list" data-testid="room-list">
    ${repeat(rooms, ({ id }) => id, roomItem)}
  </ul>`;
}

function roomItem({ id, name, visits, expiresAt }: Room): TemplateResult {
  return html`
    <li data-testid="room" data-room=${id}>
      <a data-testid="room-link" href="?room=${id}">
        <b>${name}</b>
        <span>${visits === 0 ? "nobody has joined yet" : visits === 1 ? "joined once" : `joined ${visits} times`}</span>
        <span>closes ${until(expiresAt)}</span>
        <span class="go" aria-hidden="true">→</span>
      </a>
    </li>
  `;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });

function until(time: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(time) - Date.now()) / 1000));
  return seconds < 90 ? relative.format(seconds, "second") : relative.format(Math.round(seconds / 60), "minute");
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}
