import { spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../scripts/lib/arguments.ts";
import { UserError } from "../scripts/lib/errors.ts";
import { findProgram } from "../scripts/lib/local/programs.ts";
import { freePort } from "../scripts/lib/local/ports.ts";
import { main } from "../scripts/lib/main.ts";
import { contestants, finish, launch, makeArena, median, until, type Arena } from "./local/contestants.ts";

const usage = `
Requests to the backend through the front door of npm start, and through Caddy before the very same processes: rate and
median latency of connections that are kept, over TLS, and what the runner and Caddy hold in memory at the end. They
take turns of two seconds, so that what else the machine does falls on both. The runner reads the backend's log lines
during Caddy's turns, too.

  npx zx bench/front-door.mts                 20 rounds, after one while V8 compiles what is asked often
  npx zx bench/front-door.mts --rounds 5
  npx zx bench/front-door.mts --path /livez   what costs the backend little: nearly the doors alone
  npx zx bench/front-door.mts --connections 32   instead of 16

Needs caddy and wrk on the PATH.
`;

interface Load {
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
}

interface Door {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly turns: Load[];
}

await main(async () => {
  const { values } = readArguments(usage, { rounds: { type: "string", default: "20" }, path: { type: "string", default: "/api/status" }, connections: { type: "string", default: "16" } });
  const missing = ["caddy", "wrk"].filter((name) => !findProgram(name, process.env["PATH"] ?? ""));
  if (missing.length > 0) throw new UserError(`${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not installed`, { next: `sudo apt-get install ${missing.join(" ")}` });
  const arena = await makeArena();
  const host = arena.plan.tlsHosts.find((name) => name.startsWith("backend."))!;
  const doors: Door[] = [];
  try {
    const [ours] = contestants(arena).present;
    doors.push({ name: ours!.name, port: arena.httpsPort, process: launch(ours!), turns: [] });
    await answers(doors[0]!, host, arena.ca);
    doors.push(await startCaddy(arena));
    await answers(doors[1]!, host, arena.ca);
    // What starts beside it is done by then.
    await sleep(2000);
    for (let round = 0; round <= Number(values.rounds); round++)
      for (const { port, turns } of round % 2 === 0 ? doors : doors.toReversed()) {
        const turn = load(`https://localhost:${port}${values.path}`, `${host}:${port}`, values.connections);
        if (round > 0) turns.push(turn);
      }
    report(doors);
  } finally {
    for (const door of doors) await finish(door.process);
    arena.remove();
  }
});

/** Another port, the same addresses behind. */
async function startCaddy({ folder, caddyfile, httpsPort, env }: Arena): Promise<Door> {
  const port = await freePort("bench caddy", new Set([httpsPort]));
  const config = join(folder, "Caddyfile.beside");
  writeFileSync(config, readFileSync(caddyfile, "utf8").replaceAll(`:${httpsPort}`, `:${port}`));
  return { name: "Caddy", port, process: launch({ name: "caddy", command: ["caddy", "run", "--config", config, "--adapter", "caddyfile"], env }), turns: [] };
}

function answers({ process: child, port }: Door, host: string, ca: string): Promise<void> {
  const ask = () =>
    new Promise<boolean>((resolve) => {
      get({ host: "127.0.0.1", port, servername: host, ca, path: "/api/status", agent: false, headers: { host } }, (response) => resolve(response.resume().statusCode === 200)).on("error", () => resolve(false));
    });
  return until(child, ask, 100);
}

function load(url: string, host: string, connections: string): Load {
  const { stdout, stderr, status } = spawnSync("wrk", ["-t1", "-c", connections, "-d2s", "--latency", "-H", `Host: ${host}`, url], { encoding: "utf8" });
  const p50 = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  if (status !== 0 || !p50 || /Non-2xx|Socket errors|\n\s+0 requests/.test(stdout)) throw new Error(stdout + stderr);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]), p50: Number(p50[1]) * { us: 0.001, ms: 1, s: 1000 }[p50[2] as "us" | "ms" | "s"] };
}

function report(doors: readonly Door[]): void {
  const [ours, caddy] = doors as [Door, Door];
  for (const { name, process: { pid }, turns } of doors) {
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
    console.log(`${name.padEnd(20)} ${median(turns.map(({ rate }) => rate)).toFixed(0)} requests/s   p50 ${median(turns.map(({ p50 }) => p50)).toFixed(2)} ms   ${memory.toFixed(0)} MB`);
  }
  const ratio = (field: keyof Load) => median(ours.turns.map((turn, round) => turn[field] / caddy.turns[round]![field])).toFixed(2);
  console.log(`\nrate / Caddy's ${ratio("rate")}, p50 / Caddy's ${ratio("p50")}`);
}
