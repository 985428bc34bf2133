import { openApi, type Cluster } from "./cluster/api.ts";
import { startProxy } from "./cluster/proxy.ts";
import { UserError } from "./errors.ts";
import type { Shell } from "./shell.ts";

export type { Cluster, KindOf, ListOptions, LogOptions, Reference, Resource, WatchEvent, WriteOptions } from "./cluster/api.ts";
export { ApiError } from "./cluster/api-error.ts";

/**
 * Connects to the API server of one context; the current context is never used. Call `close` when done.
 * @param signal ends reads, watches and logs; a write that was sent is waited for, so that one knows what became of it
 * @throws UserError when the context is unknown, kubectl is missing or the server does not answer
 */
export async function connect($: Shell, context: string, options: { signal?: AbortSignal; env?: NodeJS.ProcessEnv } = {}): Promise<Cluster> {
  const starting = startProxy(context, options.env);
  const [server, started] = await Promise.allSettled([serverOf($, context), starting]);
  // Of an unknown context both complain, and the first says it better.
  if (server.status === "rejected") {
    if (started.status === "fulfilled") await started.value.close();
    throw server.reason;
  }
  const proxy = await starting;
  const cluster = openApi({ context, server: server.value, socketPath: proxy.socketPath, signal: options.signal, close: proxy.close });
  try {
    // Nearly everybody asks for something of v1 next: its kinds come along.
    await Promise.all([cluster.request("GET", "/version"), cluster.resource({ apiVersion: "v1", kind: "Namespace" })]);
    return cluster;
  } catch (error) {
    await cluster.close();
    if (options.signal?.aborted) throw options.signal.reason;
    throw new UserError(`the cluster of context ${context} does not answer`, {
      why: proxy.complaint() || (error as Error).message,
      next: `kubectl --context ${context} get --raw /version   shows it without this script`,
      cause: error,
    });
  }
}

export const kubectlMissing = () => new UserError("kubectl is not installed", { next: "https://kubernetes.io/docs/tasks/tools/" });

/** @returns the address in the kubeconfig that a context points at. kubectl leaves credentials out of this output. */
async function serverOf($: Shell, context: string): Promise<string> {
  const { stdout, stderr, exitCode } = await $({ nothrow: true })`kubectl config view --minify --context ${context} -o ${"jsonpath={.clusters[0].cluster.server}"}`;
  if (exitCode === 0 && stdout.trim() !== "") return stdout.trim();
  if (exitCode === 127 || /ENOENT|not found$/m.test(stderr))
    throw kubectlMissing();
  throw new UserError(`no context ${context} in your kubeconfig`, {
    why: stderr.trim() || "it names no cluster",
    next: context.startsWith("kind-") ? "npm run setup   makes the cluster" : "kubectl config get-contexts   shows those that are there",
  });
}
