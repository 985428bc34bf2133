import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { bold, done, failed, say, warn, working } from "../progress.ts";
import type { Status } from "../trust.ts";
import { typeScriptFlags } from "./child.ts";
import { likelyFix } from "./likely-fix.ts";
import type { Bound } from "./listen.ts";
import type { Log } from "./logs.ts";
import type { Plan, PlannedProcess } from "./plan.ts";
import type { Event } from "./supervise.ts";

// What a person reads on stderr while the application runs.

/** Once, at start: what runs differently from a cluster. */
export function sayPlan({ missing, leftOut, notices }: Plan): void {
  for (const { name, why } of missing) {
    const without = leftOut.filter(({ service }) => service === name).map(({ process, variable }) => `${process} runs without ${variable}`);
    warn(`${name} does not run: ${why}${without.length > 0 ? `; ${without.join(", ")}` : ""}`);
  }
  if (notices.length > 0) say(`   without a cluster there is no: ${notices.join(", ")}`);
}

export function sayEvent(planned: PlannedProcess, event: Event, log: Log): void {
  const { name, standIn, ports } = planned;
  switch (event.kind) {
    case "ready": {
      const what = [standIn, ...Object.values(ports).map((port) => `port ${port}`)].filter(Boolean).join(", ");
      return done(`${name} ${event.again ? "answers again" : "ready"} after ${(event.afterMs / 1000).toFixed(1)} s${what ? ` (${what})` : ""}`);
    }
    case "slow":
      return working(`${name} is still starting: ${event.why}`);
    case "silent":
      warn(`${name} runs, but does not answer: ${event.why}${event.waitsForEdit ? "; it waits for an edit" : ""}`);
      return explain(planned, log);
    case "ended":
      failed(`${name} ${event.how}; it starts again ${event.restartInMs === 0 ? "now" : `in ${event.restartInMs / 1000} s, or after an edit`}`);
      return explain(planned, log, event.how);
  }
}

function explain(planned: PlannedProcess, log: Log, how?: string): void {
  const lines = log.recent(12);
  for (const line of lines.slice(-8)) say(`     ${line}`);
  const fix = likelyFix(log.recent(40), planned, how);
  if (fix) say(`   → ${fix}`);
}

export interface ReadyWords {
  readonly urls: readonly { readonly url: string; readonly process: string }[];
  readonly seconds: number;
  readonly https: Bound;
  readonly http: Bound;
  readonly folder: string;
  readonly root: string;
}

/** When all is ready: where to look, and what to know. */
export function sayReady({ urls, seconds, https, http, folder, root }: ReadyWords): void {
  const width = Math.max(0, ...urls.map(({ url }) => url.length));
  say();
  say(` ${bold(`Ready after ${seconds.toFixed(1)} s`)}`);
  say();
  for (const { url, process } of urls) say(`   ${url.padEnd(width)}   ${process}`);
  say();
  for (const { port, insteadOf } of [https, http]) if (insteadOf) say(`   Port ${insteadOf.port} can't be used (${insteadOf.why}): it is ${port}.`);
  say(`   An edit reloads; logs are in ${relative(root, join(folder, "logs"))}/; Ctrl-C stops everything.`);
  say();
  // When it can't be found out, the browser will say.
  sayTrust(root, folder).catch(() => {});
}

const dayMs = 86_400_000;

/** Who does not trust the CA is told how to; whether anyone does takes a while to find out, so a child does, once a day. */
async function sayTrust(root: string, folder: string): Promise<void> {
  const { authorityFolder, certificatePath, fingerprint } = await import("../ca.ts");
  const marker = join(folder, "trusted");
  const authority = fingerprint(readFileSync(certificatePath(authorityFolder()), "utf8"));
  if (isTrusted(marker, authority)) return;
  const child = spawn(process.execPath, [...typeScriptFlags(), "scripts/certs.mts", "status", "--json"], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.unref();
  child.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  await once(child, "close");
  const { stores } = JSON.parse(text) as { stores: Status[] };
  const { trustedByBrowsers } = await import("../trust/browsers.ts");
  if (trustedByBrowsers(stores)) return writeFileSync(marker, authority);
  warn("browsers don't trust the certificate yet; this makes them: npx zx scripts/certs.mts trust");
}

/** A CA that was replaced is another one; stores that have been told otherwise since are not looked at for a day. */
function isTrusted(marker: string, authority: string): boolean {
  try {
    return readFileSync(marker, "utf8") === authority && Date.now() - statSync(marker).mtimeMs < dayMs;
  } catch {
    return false;
  }
}
