import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../scripts/lib/arguments.ts";
import { main } from "../scripts/lib/main.ts";
import { contestants, finish, launch, makeArena, median, until, type Arena, type Contestant } from "./local/contestants.ts";

const usage = `
Requests through the front door of npm start, against Caddy before the same processes: rate and median latency of
16 connections that are kept, over TLS, and what the runner itself holds in memory. They take turns. Each is measured
twice: at first, while V8 still compiles what is asked often, and after ten seconds of load.

  npx zx bench/front-door.mts                 5 rounds, twice 5 seconds of each
  npx zx bench/front-door.mts --rounds 3

Needs caddy and wrk on the PATH.
`;

interface Load {
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
}

interface Figures {
  readonly first: Load;
  readonly warm: Load;
  /** Of the first process alone, in MB, at the end. */
  readonly memory: number;
}

await main(async () => {
  const { values } = readArguments(usage, { rounds: { type: "string", default: "5" } });
  const arena = await makeArena();
  const [ours, caddy] = contestants(arena).present;
  if (!ours || !caddy) throw new Error("caddy is missing");
  const all: [Contestant, Figures[]][] = [[ours, []], [caddy, []]];
  try {
    // The one that begins takes turns, too.
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [contestant, figures] of round % 2 === 0 ? all : all.toReversed()) figures.push(await measure(contestant, arena));
  } finally {
    arena.remove();
  }
  const [mine, theirs] = all.map(([, figures]) => figures) as [Figures[], Figures[]];
  for (const when of ["first", "warm"] as const) {
    for (const [{ name }, figures] of all) {
      const middle = (field: keyof Load) => median(figures.map((one) => one[when][field]));
      console.log(`${when.padEnd(6)} ${name.padEnd(22)} ${middle("rate").toFixed(0)} requests/s   p50 ${middle("p50").toFixed(2)} ms`);
    }
    // Round by round: what else the machine did fell on both.
    const ratio = (field: keyof Load) => median(mine.map((one, round) => one[when][field] / theirs[round]![when][field])).toFixed(2);
    console.log(`${when.padEnd(6)} rate / Caddy's ${ratio("rate")}, p50 / Caddy's ${ratio("p50")}\n`);
  }
  console.log(`memory ${all.map(([{ name }, figures]) => `${name} ${median(figures.map(({ memory }) => memory)).toFixed(0)} MB`).join(", ")}`);
});

async function measure(contestant: Contestant, { httpsPort, ca, plan }: Arena): Promise<Figures> {
  const host = plan.tlsHosts.find((name) => name.startsWith("backend."))!;
  const child = launch(contestant);
  const answers = () =>
    new Promise<boolean>((resolve) => {
      get({ host: "127.0.0.1", port: httpsPort, servername: host, ca, path: "/api/status", agent: false, headers: { host } }, (response) => resolve(response.resume().statusCode === 200)).on("error", () => resolve(false));
    });
  try {
    await until(child, answers, 100);
    // What starts beside it is done by then.
    await sleep(2000);
    load(host, httpsPort, 1);
    const first = load(host, httpsPort, 5);
    load(host, httpsPort, 4);
    const warm = load(host, httpsPort, 5);
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;
    return { first, warm, memory };
  } finally {
    await finish(child);
  }
}

function load(host: string, port: number, seconds: number): Load {
  const { stdout, stderr, status } = spawnSync("wrk", ["-t1", "-c16", `-d${seconds}s`, "--latency", "-H", `Host: ${host}:${port}`, `https://localhost:${port}/api/status`], { encoding: "utf8" });
  const p50 = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  if (status !== 0 || !p50 || /Non-2xx|Socket errors|\n\s+0 requests/.test(stdout)) throw new Error(stdout + stderr);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]), p50: Number(p50[1]) * { us: 0.001, ms: 1, s: 1000 }[p50[2] as "us" | "ms" | "s"] };
}
