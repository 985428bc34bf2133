import { load } from "js-yaml";
import type { ClusterSettings } from "./cluster-settings.ts";
import type { Shell } from "../shell.ts";

interface Kubeconfig {
  clusters?: { name: string; cluster: { server: string; "certificate-authority-data"?: string } }[] | null;
  contexts?: { name: string; context: { cluster: string; user: string } }[] | null;
  "current-context"?: string;
}

/**
 * Puts the cluster's context into the user's kubeconfig. The current context stays what it was; where there was none it
 * becomes the cluster's.
 * @param $ one that Ctrl-C does not stop, for in between the current context is another
 * @returns what it did, and the current context
 */
export async function ensureContext($: Shell, { name, context }: ClusterSettings): Promise<{ outcome: string; current: string }> {
  const [made, there] = await Promise.all([$`kind get kubeconfig --name ${name}`, $`kubectl config view --raw -o json`]);
  const wanted = load(made.stdout) as Kubeconfig;
  const config = JSON.parse(there.stdout || "{}") as Kubeconfig;
  // It may name one that was deleted, which kubectl won't change to.
  const previous = config.contexts?.find(({ name }) => name === config["current-context"])?.name ?? "";
  if (sameCluster(wanted, config, context)) return { outcome: "already there", current: previous };
  try {
    // kind merges with a lock, as kubectl does, and makes the context the current one.
    await $`kind export kubeconfig --name ${name}`;
  } finally {
    if (previous !== "" && previous !== context) await $`kubectl config use-context ${previous}`;
  }
  return { outcome: previous === "" ? "added, now the current one" : "added", current: previous || context };
}

/** A context of this name may be left over from an earlier cluster. */
export function sameCluster(wanted: Kubeconfig, config: Kubeconfig, context: string): boolean {
  const entry = config.contexts?.find(({ name }) => name === context);
  const there = config.clusters?.find(({ name }) => name === entry?.context.cluster)?.cluster;
  const made = wanted.clusters?.[0]?.cluster;
  return (
    there !== undefined &&
    made !== undefined &&
    there.server === made.server &&
    there["certificate-authority-data"] === made["certificate-authority-data"]
  );
}

/** @returns the contexts in the user's kubeconfig; none without kubectl */
export async function contextNames($: Shell): Promise<string[]> {
  const { stdout } = await $({ nothrow: true })`kubectl config get-contexts --output name`;
  return stdout.split("\n").filter(Boolean);
}
