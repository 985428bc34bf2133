import { authorityFiles, deleteAuthority } from "../ca.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { inspect, requireSuccess } from "./docker.ts";
import { UserError } from "../errors.ts";
import { deleteCluster, isOurs } from "./kind.ts";
import { contextNames } from "./kubeconfig.ts";
import { clusterLabel, networkLabel } from "./registry.ts";
import type { Shell } from "../shell.ts";
import type { Status } from "../trust.ts";

/** Something of this project on this machine, and how it is removed. */
export interface Leftover {
  readonly what: string;
  readonly remove: () => Promise<unknown>;
}

/**
 * @returns what setup has left here, in the order in which it is removed, and what has our names but is another's
 */
export async function findLeftovers($: Shell, settings: ClusterSettings): Promise<{ ours: Leftover[]; others: string[] }> {
  const { name, context, registry } = settings;
  const [{ nodes, others: containers }, contexts, volume] = await Promise.all([
    inspect($, name, registry.name),
    contextNames($),
    volumeLabels($, registry.name),
  ]);
  const ours: Leftover[] = [];
  const others: string[] = [];
  const nodeNames = nodes.map((node) => node.name).join(", ");
  const hasContext = contexts.includes(context);
  if (nodes.length > 0 && !isOurs(nodes)) others.push(`the kind cluster ${name} (${nodeNames})`);
  else {
    if (nodes.length > 0) ours.push({ what: `the kind cluster ${name} (${nodeNames}) with all that runs in it`, remove: async () => {} });
    if (hasContext) ours.push({ what: `the context ${context} in your kubeconfig`, remove: async () => {} });
    // kind removes nodes and context alike, also when only one of them is there.
    if (ours.length > 0) ours[0] = { ...ours[0]!, remove: () => deleteCluster($, name) };
  }
  const container = containers[0];
  if (container && container.labels[clusterLabel] === undefined) others.push(`the container ${registry.name}`);
  else if (container) ours.push({ what: `the registry ${registry.name}`, remove: async () => requireSuccess(await $({ nothrow: true })`docker rm --force ${registry.name}`, `${registry.name} can't be removed`) });
  // Before the volume, whose label says that it may go: a teardown that was stopped in between finds it again.
  if (volume?.[networkLabel] !== undefined && (await isFree($, [...nodes, ...containers].map((one) => one.name))))
    ours.push({ what: "the Docker network kind, which setup made and nothing else uses", remove: () => removeNetwork($) });
  if (volume && volume[clusterLabel] === undefined) others.push(`the volume ${registry.name}`);
  else if (volume)
    ours.push({
      what: `the volume ${registry.name} with the images that were pushed`,
      remove: async () => requireSuccess(await $({ nothrow: true })`docker volume rm ${registry.name}`, `the volume ${registry.name} can't be removed`),
    });
  return { ours, others };
}

async function volumeLabels($: Shell, name: string): Promise<Record<string, string> | undefined> {
  const { exitCode, stdout } = await $({ nothrow: true })`docker volume inspect ${name}`;
  if (exitCode !== 0) return undefined;
  return (JSON.parse(stdout) as { Labels: Record<string, string> | null }[])[0]?.Labels ?? {};
}

/** Stopped containers count: they could not start again without their network. */
async function isFree($: Shell, except: readonly string[]): Promise<boolean> {
  const network = await $({ nothrow: true })`docker network inspect kind`;
  if (network.exitCode !== 0) return false;
  const { stdout } = await $`docker ps --all --filter network=kind --format ${"{{.Names}}"}`;
  return stdout.split("\n").filter(Boolean).every((name) => except.includes(name));
}

async function removeNetwork($: Shell): Promise<void> {
  // Another cluster may have joined it since we looked.
  const removed = await $({ nothrow: true })`docker network rm kind`;
  if (!/active endpoints/.test(removed.stderr)) requireSuccess(removed, "the network kind can't be removed");
}

/**
 * @param trust who trusts the CA and those that it replaced
 * @returns the local CA as something to remove, if anything of one is there
 * @throws UserError while a store trusts one of them: to be taken out there, its certificate is needed
 */
export function authorityLeftover(folder: string, trust: readonly Status[]): Leftover[] {
  const trusting = trust.flatMap(({ name, state, replaced }) => [...(state === "trusted" ? [name] : []), ...replaced.map((old) => `${name}, the replaced ${old}`)]);
  if (trusting.length > 0)
    throw new UserError("the local CA is still trusted; nothing was changed", {
      why: `by ${trusting.join("\nby ")}`,
      next: "npx zx scripts/certs.mts untrust   and then teardown again",
    });
  return authorityFiles(folder).length === 0 ? [] : [{ what: `the local CA in ${folder}`, remove: () => deleteAuthority(folder) }];
}
