import { mkdirSync, rmSync } from "node:fs";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { markPath, project, type ClusterSettings } from "./cluster-settings.ts";
import { inspect, requireSuccess, type Container } from "./docker.ts";
import { UserError } from "../errors.ts";
import { throwAll, type Problem } from "../problems.ts";
import { working } from "../progress.ts";
import type { Shell } from "../shell.ts";
import { until } from "../waiting.ts";

/** Put into the first node when kind has finished: without it, a creation was interrupted and can't be continued. */
const completePath = `/kind/${project}-complete`;
const firstNode = (name: string) => `${name}-control-plane`;

/** Whether nodes are those of a cluster that this project's setup made. */
export const isOurs = (nodes: readonly Container[]) => nodes.some(({ mounts }) => mounts.includes(markPath));

/** @returns what keeps setup from using a cluster that is there already; nothing when there is none */
export function checkNodes(settings: ClusterSettings, nodes: readonly Container[]): Problem[] {
  const { name } = settings;
  if (nodes.length === 0) return [];
  if (!isOurs(nodes))
    return [
      {
        what: `the kind cluster ${name} was made by someone else`,
        why: `its nodes (${nodes.map((node) => node.name).join(", ")}) lack the mark that this project's setup leaves`,
        next: `choose another name in kind-config.yaml and manifests/environments/dev.ts, or delete that cluster if you can spare it: kind delete cluster --name ${name}`,
      },
    ];
  const published = (port: number) => nodes.flatMap(({ ports }) => ports).find(({ container }) => container === port)?.host;
  const changed = ([[80, settings.httpPort], [443, settings.httpsPort]] as const).filter(([port, wanted]) => published(port) !== wanted);
  return changed.map(([port, wanted]) => ({
    what: `the cluster ${name} publishes port ${port} at ${published(port) ?? "no port"}, kind-config.yaml says ${wanted}`,
    why: "kind can't change the ports of a cluster that is there",
    next: "npx zx scripts/teardown.mts, then setup again; or take the change back",
  }));
}

/**
 * Leaves a cluster that answers: creates it, starts nodes that were stopped, replaces one whose creation was interrupted.
 * @returns what it did
 * @throws UserError with kind's own words
 */
export async function ensureCluster($: Shell, settings: ClusterSettings, nodes: readonly Container[], signal: AbortSignal): Promise<string> {
  const { name } = settings;
  if (nodes.length === 0) return create($, settings, signal);
  // Reads stopped containers too.
  const complete = await $({ nothrow: true })`docker cp ${firstNode(name)}:${completePath} -`;
  // Nothing else means that: a Docker that is being restarted says "docker.sock: no such file or directory".
  if (/could not find the file|no such container/i.test(complete.stderr)) {
    working(`Cluster ${name}: removing what an interrupted setup left`);
    await deleteCluster($, name);
    return create($, settings, signal, "created anew, for its creation had been interrupted");
  }
  requireSuccess(complete, `Docker does not say whether the cluster ${name} is complete; it is left as it is`, "npx zx scripts/setup.mts   once Docker answers; teardown and setup make a new cluster");
  const stopped = nodes.filter(({ running }) => !running).map((node) => node.name);
  if (stopped.length > 0) requireSuccess(await $({ nothrow: true })`docker start ${stopped}`, `the cluster ${name} can't be started`, `docker start ${stopped.join(" ")}   shows it`);
  const api = nodes.flatMap(({ ports }) => ports).find(({ container }) => container === 6443);
  await untilReady(name, api?.host, signal);
  return stopped.length > 0 ? "started" : "already there";
}

/**
 * Deletes nodes and context; none is no error.
 * @throws UserError with kind's own words
 */
export const deleteCluster = async ($: Shell, name: string) =>
  requireSuccess(await $({ nothrow: true })`kind delete cluster --name ${name}`, `kind could not delete the cluster ${name}`, `kind delete cluster --name ${name}   shows it`);

async function create($: Shell, settings: ClusterSettings, signal: AbortSignal, outcome = "created"): Promise<string> {
  const { name } = settings;
  // A kind whose setup was killed a moment ago can still be making a node. It gives up by itself, having nobody to write
  // to, but the node stays, and Docker removes none that it is about to start.
  const end = Date.now() + 90_000;
  for (;;) {
    try {
      await createOnce($, settings);
      await $`docker exec ${firstNode(name)} touch ${completePath}`;
      return outcome;
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      if (Date.now() > end || !/already exist|already in use/.test(stderr ?? "")) throw explain(error, settings, await $({ nothrow: true })`docker logs --tail 20 ${firstNode(name)}`);
      const { nodes } = await inspect($, name);
      throwAll(nodes.length > 0 && !isOurs(nodes) ? checkNodes(settings, nodes) : []);
      await $({ nothrow: true })`kind delete cluster --name ${name}`;
      await sleep(500, undefined, { signal });
    }
  }
}

async function createOnce($: Shell, { name, configPath, nodeImage, registry }: ClusterSettings): Promise<void> {
  // kind always makes a new cluster's context the current one. It may do so in a file that nobody reads; the user's gets
  // its context later, by itself (kubeconfig.ts).
  const folder = fileURLToPath(new URL(`../../.cache/kind-${name}`, import.meta.url));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    // Without --retain a kind that fails deletes every node of that name, also those of a later setup if this one was
    // killed and kind lived on.
    const running = $({ env: besidesProxy(registry.name) })`kind create cluster --config ${configPath} --name ${name} --image ${nodeImage} --kubeconfig ${folder}/kubeconfig --retain`;
    running.stderr?.on("data", (text: Buffer) => stages(String(text)).forEach((stage) => working(`Cluster ${name}: ${stage}`)));
    await running;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** kind hands the nodes the proxy that this machine uses, which knows nothing of the local registry. */
export function besidesProxy(host: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const proxied = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].some((name) => env[name]);
  const except = env["NO_PROXY"] || env["no_proxy"];
  return proxied ? { ...env, NO_PROXY: [except, host].filter(Boolean).join(",") } : env;
}

/** @returns what kind says it is doing: ` • Preparing nodes 📦  ...` → `preparing nodes` */
export const stages = (text: string): string[] =>
  [...text.matchAll(/^ [•●] (.+?)\s*(?:[^\p{L}\p{N}\s()[\]{}:;,.@/_+"'-]+\s*)?\.\.\.\s*$/gmu)].map(([, stage]) => stage![0]!.toLowerCase() + stage!.slice(1));

function explain(error: unknown, { name, nodeImage }: ClusterSettings, node: { stdout: string; stderr: string }): unknown {
  const { stderr } = error as { stderr?: string };
  if (typeof stderr !== "string") return error;
  const exhausted = (stderr + node.stdout + node.stderr).split("\n").find((line) => /too many open files|inotify/i.test(line));
  if (exhausted)
    return new UserError(`the node of the cluster ${name} can't watch its files`, {
      why: exhausted.trim(),
      next: "sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288   or stop other clusters",
      cause: error,
    });
  const reason = stderr.split("\n").filter((line) => /^ERROR|^Command Output|rror:|denied|no such/i.test(line)).join("\n") || stderr.trim().split("\n").slice(-8).join("\n");
  if (/pull access denied|not found: manifest|manifest unknown|failed to (pull|resolve)|dial tcp|TLS handshake|toomanyrequests|no such host/i.test(stderr))
    return new UserError(`the node image ${nodeImage} can't be pulled`, {
      why: reason,
      next: "try `docker pull` with it; behind a mirror set KIND_NODE_IMAGE to its name there",
      cause: error,
    });
  return new UserError(`kind could not create the cluster ${name}`, {
    why: reason,
    next: `kind export logs --name ${name} ./logs   keeps what the node says; setup begins anew next time`,
    cause: error,
  });
}

/** Right after a start the API server takes some seconds; anybody may ask whether it is ready. */
const untilReady = (name: string, port: number | undefined, signal: AbortSignal) =>
  until(`Cluster ${name}`, () => (port === undefined ? Promise.resolve("its API has no port") : unreadyApi(port)), {
    signal,
    timeoutMs: 120_000,
    next: `docker logs ${firstNode(name)}   shows why; teardown and setup make a new one`,
  });

function unreadyApi(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Its certificate is the cluster's own; nothing is sent, and the answer only ends the waiting.
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false, timeout: 5000, agent: false });
    asked
      .on("response", (response) => (response.resume(), resolve(response.statusCode! < 500 ? undefined : `its API answers ${response.statusCode}`)))
      .on("timeout", () => asked.destroy(new Error("no answer in 5 s")))
      .on("error", (error) => resolve(`its API does not answer: ${error.message}`))
      .end();
  });
}
