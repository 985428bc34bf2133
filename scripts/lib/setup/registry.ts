import type { Cluster } from "../cluster.ts";
import { project, type ClusterSettings } from "./cluster-settings.ts";
import { inspect, requireSuccess, type Container } from "./docker.ts";
import { UserError } from "../errors.ts";
import type { Problem } from "../problems.ts";
import type { Shell } from "../shell.ts";
import { until } from "../waiting.ts";

// A registry beside the cluster takes images from this machine and gives them to the nodes. `kind load` would copy whole
// images each time, and fails on Docker's containerd image store.

const image = "registry:3";
/** Names the cluster that a container or volume belongs to. */
export const clusterLabel = `${project}/cluster`;
/** On the volume, when there was no network `kind` before: then teardown may remove it. */
export const networkLabel = `${project}/made-network`;

/** @returns what keeps setup from using a container of the registry's name */
export function checkRegistry({ registry }: ClusterSettings, container: Container | undefined): Problem[] {
  if (!container || container.labels[clusterLabel] !== undefined) return [];
  return [
    {
      what: `the container ${registry.name} was made by someone else`,
      why: "the local registry would have that name",
      next: `docker rm -f ${registry.name}   if you can spare it, or choose another name for the cluster in kind-config.yaml and manifests/environments/dev.ts`,
    },
  ];
}

/**
 * Leaves a registry that answers. The images are in a volume of their own: they outlive the container.
 * @throws UserError with Docker's own words
 */
export async function ensureRegistry($: Shell, { name: cluster, registry }: ClusterSettings, container: Container | undefined, signal?: AbortSignal): Promise<string> {
  const { name, port } = registry;
  const samePort = container?.ports.some(({ host }) => host === port);
  if (container?.running && samePort) return "already there";
  if (container && samePort) {
    requireSuccess(await $({ nothrow: true })`docker start ${name}`, `the registry ${name} can't be started`, `docker logs ${name}`);
  } else {
    if (container) requireSuccess(await $({ nothrow: true })`docker rm --force ${name}`, `the registry ${name}, whose port is another now, can't be removed`);
    const run = $({ nothrow: true })`docker run --detach --restart unless-stopped --name ${name} --label ${clusterLabel}=${cluster} --publish 127.0.0.1:${port}:5000 --volume ${name}:/var/lib/registry ${image}`;
    requireSuccess(await run, `the registry ${name} can't be run`, `docker pull ${image}   shows it`);
  }
  await until(`the registry ${registry.address}`, () => registryAnswer(registry), { timeoutMs: 30_000, signal, next: `docker logs ${name}` });
  return container ? "started" : "created";
}

/** Where the images are kept. Comes before the cluster, for it also holds whether kind had a network before. */
export async function createVolume($: Shell, { name: cluster, registry: { name } }: ClusterSettings): Promise<void> {
  const [volume, network] = await Promise.all([
    $({ nothrow: true })`docker volume inspect ${name}`,
    $({ nothrow: true })`docker network inspect kind`,
  ]);
  if (volume.exitCode === 0) return;
  const mark = network.exitCode === 0 ? [] : ["--label", `${networkLabel}=kind`];
  await $`docker volume create --label ${clusterLabel}=${cluster} ${mark} ${name}`;
}

/** @returns nothing when it answers as a registry does, else what it was instead */
export async function registryAnswer({ address }: ClusterSettings["registry"]): Promise<string | undefined> {
  try {
    const { status } = await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(2000) });
    return status === 200 ? undefined : `it answers ${status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
  }
}

/** Tells every node and every tool (Tilt among them) where the registry is. */
export async function connectRegistry($: Shell, cluster: Cluster, settings: ClusterSettings): Promise<void> {
  const { name, address } = settings.registry;
  // The registry's container may be another than the one that was there before setup began.
  const { nodes, others } = await inspect($, settings.name, name);
  if (nodes.length === 0) throw new UserError(`the cluster ${settings.name} has no nodes`, { why: "somebody removed them just now", next: "npx zx scripts/setup.mts" });
  // In a node 127.0.0.1 is the node: https://kind.sigs.k8s.io/docs/user/local-registry/
  const folder = `/etc/containerd/certs.d/${address}`;
  const hosts = `[host."http://${name}:5000"]\n`;
  await Promise.all([
    ...nodes.map(async ({ name: node }) => {
      // As a tar archive; much quicker than running something in the node.
      const { stdout } = await $({ nothrow: true })`docker cp ${node}:${folder}/hosts.toml -`;
      if (stdout.includes(`\0${hosts}\0`)) return;
      await $`docker exec ${node} mkdir -p ${folder}`;
      await $({ input: hosts })`docker exec --interactive ${node} cp /dev/stdin ${folder}/hosts.toml`;
    }),
    connectNetwork($, name, others[0]),
    cluster.apply(
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "local-registry-hosting", namespace: "kube-public" },
        data: { "localRegistryHosting.v1": `host: "${address}"\nhelp: "https://kind.sigs.k8s.io/docs/user/local-registry/"\n` },
      },
      { fieldManager: "setup", force: true },
    ),
  ]);
}

async function connectNetwork($: Shell, name: string, container: Container | undefined): Promise<void> {
  if (container?.networks.includes("kind")) return;
  const joined = await $({ nothrow: true })`docker network connect kind ${name}`;
  if (!/already exists/.test(joined.stderr)) requireSuccess(joined, `${name} can't join the network of the cluster`);
}
