import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ensureAuthority, issueCertificate } from "../../scripts/lib/ca.ts";
import { inheritedEnvironment } from "../../scripts/lib/local/environment.ts";
import { decider } from "../../scripts/lib/local/decide.ts";
import { endGroup, signalGroup } from "../../scripts/lib/local/groups.ts";
import type { Plan, PlannedProcess } from "../../scripts/lib/local/plan.ts";
import { freePort } from "../../scripts/lib/local/ports.ts";
import { findProgram } from "../../scripts/lib/local/programs.ts";
import { rendered } from "../../scripts/lib/local/rendered.ts";

// The same processes, with the same variables, behind the same certificate, started by different programs.

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Arena {
  readonly folder: string;
  readonly plan: Plan;
  readonly httpsPort: number;
  readonly ca: string;
  /** What every contestant's processes inherit. */
  readonly env: NodeJS.ProcessEnv;
  readonly caddyfile: string;
  remove(): void;
}

export async function makeArena(): Promise<Arena> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  process.env["LOCAL_CA_FOLDER"] = join(folder, "authority");
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  const httpsPort = await freePort("bench https", new Set());
  const httpPort = await freePort("bench http", new Set([httpsPort]));
  const made = await rendered(root, httpsPort, folder);
  const plan = await decider(root, join(root, ".local"), { path })(made);
  for (const { mounts } of plan.processes) for (const { path } of mounts.folders) mkdirSync(path, { recursive: true });
  const { authority } = await ensureAuthority(process.env["LOCAL_CA_FOLDER"]);
  // A load generator knows no name but this one.
  const issued = await issueCertificate(authority, [...plan.tlsHosts, "localhost"]);
  writeFileSync(join(folder, "cert.pem"), issued.certificate);
  writeFileSync(join(folder, "key.pem"), issued.key, { mode: 0o600 });
  const sites = plan.routes.map(({ host, port }) => `https://${host}:${httpsPort}${host?.startsWith("backend.") ? `, https://localhost:${httpsPort}` : ""} {\n  bind 127.0.0.1\n  tls ${folder}/cert.pem ${folder}/key.pem\n  reverse_proxy 127.0.0.1:${port}\n}\n`);
  const caddyfile = join(folder, "Caddyfile");
  writeFileSync(caddyfile, `{\n  auto_https off\n  admin off\n  http_port ${httpPort}\n}\n${sites.join("")}`);
  const { NODE_COMPILE_CACHE: _, ...env } = inheritedEnvironment({ ...process.env, PATH: path }, new Set(), root, false);
  return { folder, plan, httpsPort, ca: authority.certificate, env: { ...env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }, caddyfile, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @returns those that this machine has, and the names of those that it lacks */
export function contestants(arena: Arena): { present: Contestant[]; absent: string[] } {
  const { plan, folder, env, caddyfile, httpsPort } = arena;
  const path = env["PATH"] ?? "";
  const preload = ["--import", join(root, "scripts/preload.mjs")];
  // Without npm itself: the others are started without one, too.
  const [, ...start] = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } }).scripts.start.split(" ");
  const present: Contestant[] = [
    { name: "npm start", command: [process.execPath, ...preload, ...start, "--https-port", String(httpsPort), "--http-port", "0"], env: { ...process.env, PATH: path, NODE_OPTIONS: "" } },
  ];
  const absent: string[] = [];
  const caddy = findProgram("caddy", path);
  if (!caddy) return { present, absent: ["Caddy, and with it all others"] };
  const caddyCommand = `exec ${caddy} run --config ${quoted(caddyfile)} --adapter caddyfile`;
  const lines = plan.processes.map((planned) => ({ planned, line: script(planned) }));

  const shell = join(folder, "all.sh");
  writeFileSync(shell, [...lines.map(({ line }) => `(${line}) &`), caddyCommand].join("\n"), { mode: 0o600 });
  present.push({ name: "shell script + Caddy", command: ["sh", shell], env });

  const concurrently = installConcurrently(folder);
  if (concurrently) present.push({ name: "concurrently + Caddy", command: [process.execPath, concurrently, "--names", [...plan.processes.map(({ name }) => name), "caddy"].join(), ...lines.map(({ line }) => line), caddyCommand], env });
  else absent.push("concurrently (npm could not install it)");

  const processCompose = process.env["PROCESS_COMPOSE"] ?? findProgram("process-compose", path);
  const file = join(folder, "process-compose.json");
  const entries = [...lines.map(({ planned, line }) => [planned.name, { command: line }]), ["caddy", { command: caddyCommand }]];
  writeFileSync(file, JSON.stringify({ version: "0.5", disable_env_expansion: true, processes: Object.fromEntries(entries) }), { mode: 0o600 });
  if (processCompose) present.push({ name: "process-compose + Caddy", command: [processCompose, "--config", file, "--tui=false", "--no-server", "up"], env });
  else absent.push("process-compose (PROCESS_COMPOSE names its binary)");
  return { present, absent };
}

/** One process as a shell starts it. */
export const script = ({ command, env, folder }: PlannedProcess): string =>
  `cd ${quoted(join(root, folder))} && ${Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`).join(" ")} exec ${command.map(quoted).join(" ")}`;

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Version 10 needs Node 22. */
function installConcurrently(folder: string): string | undefined {
  const version = Number(process.versions.node.split(".")[0]) >= 22 ? "10.0.7" : "9.2.1";
  const peers = join(folder, "peers");
  const { status } = spawnSync("npm", ["install", "--silent", "--no-save", "--prefix", peers, `concurrently@${version}`], { stdio: "ignore", env: { ...process.env, NODE_OPTIONS: "" } });
  if (status !== 0) return undefined;
  const { bin } = JSON.parse(readFileSync(join(peers, "node_modules/concurrently/package.json"), "utf8")) as { bin: Record<string, string> };
  return join(peers, "node_modules/concurrently", bin["concurrently"]!);
}

const launched = new Set<number>();
// After a second Ctrl-C nobody waits for `finish`.
process.once("exit", () => {
  for (const leader of launched) signalGroup(leader, "SIGKILL");
});

export function launch({ command, env }: Contestant, cwd = root): ChildProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: "ignore", detached: true });
  if (child.pid !== undefined) launched.add(child.pid);
  return child;
}

/** Asks until the answer is yes. @throws when the contestant has ended, and nobody will answer */
export async function until(child: ChildProcess, answers: () => Promise<boolean>, pauseMs: number): Promise<void> {
  while (!(await answers())) {
    const how = child.exitCode ?? child.signalCode;
    if (how !== null) throw new Error(`${child.spawnargs.slice(0, 3).join(" ")} … ended with ${how}`);
    await sleep(pauseMs);
  }
}

export async function finish(child: ChildProcess): Promise<void> {
  const gone = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, "exit");
  await endGroup(child.pid!, { leaderMs: 4000, allMs: 6000 });
  launched.delete(child.pid!);
  await gone;
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
