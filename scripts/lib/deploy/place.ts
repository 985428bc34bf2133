import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../../manifests/environment.ts";
import { environments } from "../../../manifests/environments/index.ts";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";

// A context is a name that everybody gives as they like: yours may lead to another cluster than your colleague's, and
// tomorrow's to another than today's. So after the first deploy of an environment that people rely on, the cluster's
// own identity is written to clusters.json, which is committed, and every later deploy has to meet the same.
// Clusters of development are made anew every day: they are not recorded, but must be none of the recorded ones.

export interface RecordedCluster {
  readonly context: string;
  /** Addresses in kubeconfigs that lead there; more than one where people reach it by several ways. */
  readonly servers: readonly string[];
  /** Of the namespace kube-system: it is made with the cluster and stays as long. */
  readonly uid: string;
}
export type RecordedClusters = Readonly<Record<string, RecordedCluster>>;

export const clustersFile = "clusters.json";
const path = fileURLToPath(new URL(`../../../${clustersFile}`, import.meta.url));

/** @throws UserError for a file that is no JSON: going on without it would mean not to check */
export function recordedClusters(file = path): RecordedClusters {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${clustersFile} is not JSON`, { why: (error as Error).message, next: `git diff ${clustersFile}` });
  }
}

/** @throws UserError for an environment without a cluster, or of development but with a context that others rely on */
export function contextOf(environment: Environment, all: Readonly<Record<string, Environment>> = environments, recorded = recordedClusters()): string {
  const { name, context, development } = environment;
  if (context === undefined)
    throw new UserError(`${name} runs as processes of this machine, not in a cluster`, { why: `manifests/environments/${name}.ts has no context`, next: "npm start" });
  const users = [...Object.entries(all), ...Object.entries(recorded)].filter(([other, entry]) => entry.context === context && other !== name && !(all[other]?.development ?? false));
  if (development && users.length > 0)
    throw new UserError(`${name} is for development, and context ${context} is that of ${users[0]![0]}`, {
      why: "tools of development delete and restart as they like",
      next: `give ${name} a context of its own in manifests/environments/${name}.ts`,
    });
  return context;
}

/** @returns the cluster's identity, the same under every name and address */
export async function identityOfCluster(cluster: Cluster): Promise<string> {
  const system = await cluster.get({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } }).catch((error) => {
    if (error instanceof ApiError && error.code === 403) return undefined;
    throw error;
  });
  const uid = (system?.metadata as { uid?: string } | undefined)?.uid;
  if (uid === undefined) throw new UserError(`the cluster of context ${cluster.context} does not say who it is`, { why: "its namespace kube-system can't be read", next: "docs/production.md lists the rights that a deploy needs" });
  return uid;
}

/**
 * Refuses when the cluster is not the one that was deployed to before.
 * @returns whether it is recorded; where not, `recordCluster` after the first deploy
 * @throws UserError that says what was expected and what was found
 */
export function checkPlace(environment: Environment, cluster: Pick<Cluster, "context" | "server">, uid: string, recorded = recordedClusters()): boolean {
  const { name, development } = environment;
  if (development) {
    const [other] = Object.entries(recorded).find(([, entry]) => entry.uid === uid) ?? [];
    if (other === undefined) return true;
    throw new UserError(`context ${cluster.context} leads to the cluster of ${other}`, {
      why: `${name} is for development, and the cluster behind ${cluster.server} is recorded in ${clustersFile}`,
      next: `kubectl config view --minify --context ${cluster.context}   shows where it leads`,
    });
  }
  const known = recorded[name];
  if (!known) return false;
  const differs = [
    ...(known.context === cluster.context ? [] : [["context", known.context, cluster.context]]),
    ...(known.servers.includes(cluster.server) ? [] : [["server", known.servers.join(" or "), cluster.server]]),
    ...(known.uid === uid ? [] : [["identity", known.uid, uid]]),
  ];
  if (differs.length === 0) return true;
  const wrongCluster = known.uid !== uid;
  const [elsewhere] = Object.entries(recorded).find(([other, entry]) => entry.uid === uid && other !== name) ?? [];
  throw new UserError(`this is not the cluster of ${name}`, {
    why: [
      ...differs.map(([what, expected, found]) => `${what}: expected ${expected}, found ${found}`),
      ...(wrongCluster ? (elsewhere ? [`it is the cluster of ${elsewhere}`] : []) : ["it is the same cluster by another way"]),
    ].join("\n"),
    next: wrongCluster
      ? `correct the context ${cluster.context} in your kubeconfig; if ${name} has moved for good, remove it from ${clustersFile}`
      : `if that way is right too, change ${clustersFile}`,
  });
}

/** Writes a cluster down. @returns what to tell */
export function recordCluster(environment: Environment, cluster: Pick<Cluster, "context" | "server">, uid: string, file = path): string {
  const recorded: RecordedClusters = { ...recordedClusters(file), [environment.name]: { context: cluster.context, servers: [cluster.server], uid } };
  writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
  return `recorded in ${clustersFile} as the cluster of ${environment.name}: commit it, and no deploy goes elsewhere`;
}
