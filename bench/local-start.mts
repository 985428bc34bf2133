import type { ChildProcess } from "node:child_process";
import { request } from "node:https";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../scripts/lib/arguments.ts";
import { isFree } from "../scripts/lib/local/ports.ts";
import { main } from "../scripts/lib/main.ts";
import { contestants, finish, launch, makeArena, median, script, until, type Arena, type Contestant } from "./local/contestants.ts";

const usage = `
How long the second start takes until page, backend and signaling answer over HTTPS: npm start against others with the
same processes, variables and certificate. They take turns; medians, in seconds.

  npx zx bench/local-start.mts                 7 rounds
  npx zx bench/local-start.mts --rounds 3

Needs caddy on the PATH. PROCESS_COMPOSE names a process-compose binary that is not on it.
`;

await main(async () => {
  const { values } = readArguments(usage, { rounds: { type: "string", default: "7" } });
  const arena = await makeArena();
  const { present, absent } = contestants(arena);
  for (const name of absent) console.error(`not measured: ${name}`);
  const alone = arena.plan.processes.map((planned): Contestant => ({ name: `${planned.name} alone`, command: ["sh", "-c", script(planned)], env: arena.env }));
  const times = new Map<string, number[]>([...present, ...alone].map(({ name }) => [name, []]));
  try {
    // The first round warms caches of the file system, of Vite and of tsx.
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const contestant of present) record(round, contestant, await measure(contestant, arena, (child) => allAnswer(child, arena)));
      for (const [index, contestant] of alone.entries()) {
        const [port] = Object.values(arena.plan.processes[index]!.ports);
        record(round, contestant, await measure(contestant, arena, (child) => listens(child, port!)));
      }
    }
  } finally {
    arena.remove();
  }
  function record(round: number, { name }: Contestant, seconds: number) {
    if (round > 0) times.get(name)!.push(seconds);
  }

  for (const [name, all] of times) console.log(`${name.padEnd(26)} ${median(all).toFixed(2)}   (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`);
  const ours = median(times.get(present[0]!.name)!);
  for (const { name } of present.slice(1)) console.log(`npm start / ${name}: ${(ours / median(times.get(name)!)).toFixed(2)}`);
  const slowest = Math.max(...alone.map(({ name }) => median(times.get(name)!)));
  console.log(`npm start − the slowest process alone: ${((ours - slowest) * 1000).toFixed(0)} ms`);
});

async function measure(contestant: Contestant, { plan, httpsPort }: Arena, answers: (child: ChildProcess) => Promise<void>): Promise<number> {
  const begun = performance.now();
  const child = launch(contestant);
  try {
    await answers(child);
    return (performance.now() - begun) / 1000;
  } finally {
    await finish(child);
    await portsAreFree();
  }

  async function portsAreFree() {
    const ports = [httpsPort, ...plan.processes.flatMap(({ ports }) => Object.values(ports))];
    while (!(await Promise.all(ports.map(isFree))).every(Boolean)) await sleep(50);
  }
}

async function allAnswer(child: ChildProcess, { httpsPort, ca, plan }: Arena): Promise<void> {
  const [page, backend] = plan.tlsHosts as [string, string];
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", origin: `https://${page}:${httpsPort}` };
  await Promise.all([
    until(child, () => status(page, "/", 200), 10),
    until(child, () => status(backend, "/readyz", 200), 10),
    until(child, () => status(backend, "/signaling", 101, upgrade), 10),
  ]);

  function status(host: string, path: string, wanted: number, headers: Record<string, string> = {}): Promise<boolean> {
    return new Promise((resolve) => {
      const asked = request({ host: "127.0.0.1", port: httpsPort, servername: host, ca, path, agent: false, headers: { host: `${host}:${httpsPort}`, ...headers } });
      const end = (code: number | undefined) => {
        asked.destroy();
        resolve(code === wanted);
      };
      asked.on("error", () => resolve(false)).on("response", ({ statusCode }) => end(statusCode)).on("upgrade", ({ statusCode }) => end(statusCode)).end();
    });
  }
}

/** Whatever it speaks: one that answers in another language than HTTP answers. */
function listens(child: ChildProcess, port: number): Promise<void> {
  const answers = (error: NodeJS.ErrnoException) => error.code?.startsWith("HPE") === true || error.code === "ECONNRESET";
  const answered = () => new Promise<boolean>((resolve) => get({ host: "127.0.0.1", port, path: "/readyz" }, (response) => resolve(Boolean(response.resume()))).on("error", (error) => resolve(answers(error))));
  return until(child, answered, 10);
}
