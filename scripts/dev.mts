import { fileURLToPath } from "node:url";
import { readArguments, words } from "./lib/arguments.ts";
import { UsageError } from "./lib/errors.ts";
import { main } from "./lib/main.ts";
import { done } from "./lib/progress.ts";
import { watchManifests } from "./lib/local/manifests-watch.ts";
import { refuseNpmFlags } from "./lib/local/npm-flags.ts";
import { createRunner } from "./lib/local/runner.ts";
import { claimSession } from "./lib/local/session.ts";

const usage = `
Runs the application on this machine, without a cluster: the manifests' containers as processes, behind HTTPS.

  npm start                              everything; flags come after two dashes: npm start -- --only backend
  npx zx scripts/dev.mts                 the same
  npx zx scripts/dev.mts --only backend,valkey   these processes and no others
  npx zx scripts/dev.mts --log backend   show these logs only; from a second terminal: follow what runs
  npx zx scripts/dev.mts status          from a second terminal: processes, ports, URLs (--json for programs)

  --only NAMES        processes to start, with commas
  --log NAMES         processes whose output is shown, with commas; the files in .local/logs/ get all
  --json              logs, events and the status as JSON, one line each, on stdout
  --https-port PORT   instead of 443 or, where that can't be had, 8443; 0 takes a free one
  --http-port PORT    instead of 80 or 8080
`;

// npm start gives Node four flags (package.json), so that the runner stays under 100 MB: V8's young generation is kept
// small, since what the front door leaves behind dies young (25 MB); what outlives it is cleaned up when it has grown by
// half, not to its fourfold (30 MB while 32 clients ask at once); hot functions are compiled one at a time, for each
// thread that compiles holds on to its memory (10 MB); and the parser of the processes' answers, which is WebAssembly,
// stays as its first compiler left it: the second one takes 23 MB for that one function. Speed stays the same, within 2 %.
// By way of zx it is scripts/preload.mjs that sets the like.
const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const folder = `${root}/.local`;

await main(async (signal) => {
  refuseNpmFlags(process.env, words());
  const { values, positionals } = readArguments(
    usage,
    { only: { type: "string" }, log: { type: "string" }, json: { type: "boolean" }, "https-port": { type: "string" }, "http-port": { type: "string" } },
    true,
  );
  const [word] = positionals;
  const { json = false } = values;
  if (word !== undefined && word !== "status") throw new UsageError(`unknown word ${JSON.stringify(word)}`, { next: "status is the only one; --help shows all" });
  if (word === "status") return (await import("./lib/local/status.ts")).sayStatus(folder, json);
  const shown = names(values.log);
  if (shown && (await import("./lib/local/status.ts")).isRunning(folder)) return (await import("./lib/local/follow.ts")).followLogs(folder, shown, json, signal);

  const session = await claimSession(folder, (count) => done(`ended ${count} process${count === 1 ? "" : "es"} that an earlier start left behind`));
  const options = { root, folder, json, shown, only: names(values.only), httpsPort: port(values["https-port"]), httpPort: port(values["http-port"]) };
  const application = createRunner(options, session);
  process.once("exit", application.kill);
  try {
    // Cleaning up after an earlier start takes seconds.
    if (signal.aborted) return;
    const started = await Promise.race([application.start(), interrupted(signal)]);
    if (signal.aborted) return;
    const stopWatching = watchManifests(root, started, application.update);
    await interrupted(signal);
    stopWatching();
  } finally {
    await application.stop();
  }
});

function names(list: string | undefined): string[] | undefined {
  return list?.split(",").map((name) => name.trim()).filter(Boolean);
}

function port(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new UsageError(`${JSON.stringify(text)} is not a port`);
  return Number(text);
}

function interrupted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => (signal.aborted ? resolve(undefined) : signal.addEventListener("abort", () => resolve(undefined))));
}
