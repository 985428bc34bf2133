import { existsSync, readFileSync } from "node:fs";
import { isOlder } from "./tools.ts";
import { UserError } from "../errors.ts";
import type { Problem } from "../problems.ts";
import type { Shell } from "../shell.ts";

/** What of `docker inspect` the scripts read. */
export interface Container {
  readonly name: string;
  readonly running: boolean;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Published ports as they were asked for, also of a container that is stopped. */
  readonly ports: readonly { readonly container: number; readonly host: number; readonly address: string }[];
  /** Where in the container something is mounted. */
  readonly mounts: readonly string[];
  readonly networks: readonly string[];
}

export interface Engine {
  readonly version: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly rootless: boolean;
}

/**
 * Asks the engine, not only the command: it may be stopped, out of reach or too old.
 * @returns the engine when it will do; problems otherwise
 */
export async function checkEngine($: Shell): Promise<{ engine?: Engine; problems: Problem[] }> {
  const { exitCode, stdout, stderr } = await $({ nothrow: true })`docker info --format ${"{{json .}}"}`;
  // The command is missing: checkTools says so, once.
  if (exitCode === 127) return { problems: [] };
  const engine = exitCode === 0 ? readEngine(stdout) : undefined;
  if (!engine && /podman/i.test(stderr + stdout))
    return { problems: [{ what: "the command docker is Podman here", why: "the local registry and the images are built with Docker's own", next: "https://docs.docker.com/engine/install/" }] };
  if (!engine) return { problems: [explainEngine(stderr)] };
  if (!isOlder(engine.version, "20.10")) return { engine, problems: [] };
  const what = `the Docker engine ${engine.version} is too old: 20.10 or newer is needed`;
  return { engine, problems: [{ what, next: "https://docs.docker.com/engine/install/" }] };
}

export function readEngine(json: string): Engine | undefined {
  try {
    const info = JSON.parse(json) as Record<string, unknown>;
    // Some versions exit with 0 although the engine did not answer.
    if (!info["ServerVersion"]) return undefined;
    return {
      version: String(info["ServerVersion"]),
      cpus: Number(info["NCPU"]),
      memoryBytes: Number(info["MemTotal"]),
      rootless: JSON.stringify(info["SecurityOptions"] ?? []).includes("name=rootless"),
    };
  } catch {
    return undefined;
  }
}

/** @param stderr what `docker info` says when the engine does not answer; its wording changed with Docker 28 */
export function explainEngine(stderr: string, platform: NodeJS.Platform = process.platform): Problem {
  const why = stderr.trim().split("\n").find((line) => line.trim() !== "") ?? "it gave no reason";
  if (/permission denied/i.test(stderr))
    return {
      what: "Docker is there, but you may not use it",
      why,
      next: 'sudo usermod -aG docker "$USER"   then log out and in again (or, in this terminal only: newgrp docker)',
    };
  const wsl = platform === "linux" && existsSync("/proc/version") && /microsoft/i.test(readFileSync("/proc/version", "utf8"));
  const start =
    platform === "darwin" ? "open -a Docker   (or: colima start)" : wsl ? "start Docker Desktop, or: sudo service docker start" : "sudo systemctl start docker   (or: sudo service docker start)";
  return { what: "Docker is not running", why, next: start };
}

/** @throws UserError with a command's own words when it failed */
export function requireSuccess({ exitCode, stderr }: { exitCode: number | null; stderr: string }, what: string, next?: string): void {
  if (exitCode !== 0) throw new UserError(what, { why: stderr.trim(), next });
}

/** @returns the containers of a kind cluster, running or not, of however many nodes */
async function nodeNames($: Shell, cluster: string): Promise<string[]> {
  const { stdout } = await $`docker ps --all --filter label=io.x-k8s.kind.cluster=${cluster} --format ${"{{.Names}}"}`;
  return stdout.split("\n").filter(Boolean);
}

/** @returns every node of a kind cluster and the other named containers, running or not; none where there are none */
export async function inspect($: Shell, cluster: string, ...names: string[]): Promise<{ nodes: Container[]; others: Container[] }> {
  const ofCluster = await nodeNames($, cluster);
  const asked = [...ofCluster, ...names];
  if (asked.length === 0) return { nodes: [], others: [] };
  // Names that don't exist make it exit with 1; the rest is on stdout all the same.
  const { stdout: json } = await $({ nothrow: true })`docker container inspect ${asked}`;
  const containers = readContainers(json);
  return {
    nodes: containers.filter(({ name }) => ofCluster.includes(name)),
    others: containers.filter(({ name }) => names.includes(name)),
  };
}

interface Inspected {
  Name: string;
  State: { Running: boolean };
  Config: { Image: string; Labels: Record<string, string> | null };
  HostConfig: { PortBindings: Record<string, { HostIp: string; HostPort: string }[] | null> | null };
  Mounts: { Destination: string }[] | null;
  NetworkSettings: { Networks: Record<string, unknown> | null };
}

export function readContainers(json: string): Container[] {
  if (json.trim() === "") return [];
  return (JSON.parse(json) as Inspected[]).map((container) => ({
    name: container.Name.replace(/^\//, ""),
    running: container.State.Running,
    image: container.Config.Image,
    labels: container.Config.Labels ?? {},
    ports: Object.entries(container.HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({ container: Number.parseInt(port), host: Number(HostPort), address: HostIp })),
    ),
    mounts: (container.Mounts ?? []).map(({ Destination }) => Destination),
    networks: Object.keys(container.NetworkSettings.Networks ?? {}),
  }));
}
