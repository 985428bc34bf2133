import "@fontsource-variable/bricolage-grotesque/opsz.css";
import "./style.css";
import { render } from "lit-html";
import { start, type Actions } from "./actions.ts";
import { backoffMs, pause } from "./backoff.ts";
import type { RuntimeConfig } from "./server/runtime-config.ts";
import { change, current, onChange } from "./state.ts";
import { page } from "./views/page.ts";

let view = page;
let actions: Actions | undefined;
const root = document.querySelector<HTMLElement>("#page") ?? document.body;

function draw() {
  const { visit } = current();
  document.title = visit ? `${visit.room?.name ?? "Room"} · Rooms` : "Rooms";
  render(view(current(), actions), root);
}
onChange(draw);
draw();
// Times such as "in 5 minutes" go on while nothing happens.
setInterval(draw, 15_000);

void begin();
async function begin() {
  const { actions: started, showAddress } = start(await loadConfig());
  actions = started;
  addEventListener("popstate", showAddress);
  // Links to rooms work without this, too; with it, going to one doesn't load the page again.
  addEventListener("click", (event) => {
    const link = event.composedPath().find((target) => target instanceof HTMLAnchorElement);
    if (!link || link.target || link.origin !== location.origin || link.pathname !== location.pathname) return;
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    showAddress();
    scrollTo({ top: 0 });
    // Where a load would have put those who don't see the page.
    queueMicrotask(() => root.querySelector<HTMLElement>("h1")?.focus());
  });
  showAddress();
}

/** @returns what differs between environments; the same build runs in each. */
async function loadConfig(): Promise<RuntimeConfig> {
  for (let failures = 1; ; failures += 1) {
    try {
      const answer = await fetch("/config.json", { signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`/config.json answers ${answer.status}`);
      const config = (await answer.json()) as RuntimeConfig;
      change({ failure: undefined });
      return config;
    } catch (error) {
      change({ failure: error instanceof Error ? error.message : String(error) });
      await pause(backoffMs(failures));
    }
  }
}

// An edited view is drawn anew with the state that there is: rooms stay joined, drafts stay typed.
import.meta.hot?.accept("./views/page.ts", (edited) => {
  if (!edited) return;
  view = edited.page as typeof page;
  draw();
});
