import { html, nothing, type TemplateResult } from "lit-html";
import type { Actions } from "../actions.ts";
import type { State } from "../state.ts";
import { lobby } from "./lobby.ts";
import { room } from "./room.ts";

export function page(state: State, actions: Actions | undefined): TemplateResult {
  return html`
    <header class="bar">
      <a class="brand" href=${location.pathname}>
        <svg viewBox="0 0 40 24" aria-hidden="true"><circle cx="13" cy="12" r="8" /><circle cx="27" cy="12" r="8" /></svg>
        Rooms
      </a>
      ${apiStatus(state)}
    </header>
    ${state.failure ? html`<p class="problem" role="alert">The page can't read its configuration (${state.failure}). Trying again.</p>` : nothing}
    <main>${state.visit ? room(state.visit, state, actions) : lobby(state, actions)}</main>
    <footer class="foot">
      ${state.backendUrl
        ? html`<a href="${state.backendUrl}/ui">API reference</a> <a href="${state.backendUrl}/openapi.json">OpenAPI document</a>`
        : nothing}
      <span>You are <b data-testid="my-name">${state.myName}</b></span>
    </footer>
  `;
}

function apiStatus({ backend, latencyMs }: State): TemplateResult {
  const words = { connecting: "Connecting", up: `API answers in ${latencyMs} ms`, down: "API can't be reached, trying again" }[backend];
  return html`<p class="status" role="status" data-testid="api-status" data-state=${backend}><i class="dot"></i>${words}</p>`;
}
