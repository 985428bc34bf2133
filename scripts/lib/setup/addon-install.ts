import type { Addon } from "./addons.ts";
import type { Cluster } from "../cluster.ts";
import { project } from "./cluster-settings.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import type { Shell } from "../shell.ts";
import { until } from "../waiting.ts";

/** On an add-on's namespace once all of it was applied: the checksum of the manifest. */
const appliedAnnotation = `${project}/applied`;

/**
 * Leaves an add-on of exactly this manifest, with its pods ready.
 * @param accepts rejects until the add-on's webhook answers; its Deployment is Available some seconds earlier
 * @returns what it did
 * @throws UserError that says which pod waits for what
 */
export async function installAddon(
  $: Shell,
  cluster: Cluster,
  addon: Addon,
  accepts: () => Promise<unknown>,
  signal: AbortSignal,
  timeoutMs = 300_000,
): Promise<string> {
  const { name, version, namespace, path, sha256 } = addon;
  const reference = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const present = (await cluster.get(reference))?.metadata.annotations?.[appliedAnnotation] === sha256;
  // Not applied again when nothing changed: ingress-nginx's Jobs remove themselves, so each apply would run them again.
  if (!present) await apply($, cluster.context, path);

  await until(name, async () => unready((await cluster.list({ apiVersion: "apps/v1", kind: "Deployment" }, { namespace })).items), {
    signal,
    timeoutMs,
    explain: () => explainPods(cluster, namespace),
    next: `kubectl --context ${cluster.context} --namespace ${namespace} get pods,events`,
  });
  await until(`${name}'s webhook`, () => accepts().then(() => undefined), { signal, timeoutMs, explain: () => explainPods(cluster, namespace) });
  if (present) return `${version} already there`;
  // A field manager of its own: under the manifest's it would mean that the namespace's labels are no longer wanted.
  await cluster.apply({ ...reference, metadata: { name: namespace, annotations: { [appliedAnnotation]: sha256 } } }, { fieldManager: "setup-state", force: true });
  return version;
}

async function apply($: Shell, context: string, path: string): Promise<void> {
  // Forced: controllers write into some of these objects, and the manifest is what counts.
  const { exitCode, stderr } = await $({ nothrow: true })`kubectl --context ${context} apply --server-side --force-conflicts --field-manager setup --filename ${path}`;
  if (exitCode !== 0) throw new UserError(`${path} can't be applied`, { why: stderr.trim().split("\n").slice(-10).join("\n") });
}

interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  conditions?: { type: string; status: string; message?: string }[];
}

/** @returns nothing when every Deployment runs what it was told, else what is missing */
export function unready(deployments: readonly KubernetesObject[]): string | undefined {
  if (deployments.length === 0) return "no Deployment yet";
  const waiting = deployments.filter(({ metadata, status }) => {
    const { observedGeneration, replicas, updatedReplicas, conditions = [] } = (status ?? {}) as DeploymentStatus;
    const generation = (metadata as { generation?: number }).generation;
    const available = conditions.some(({ type, status }) => type === "Available" && status === "True");
    return !available || observedGeneration !== generation || updatedReplicas !== replicas;
  });
  return waiting.length === 0 ? undefined : `waiting for ${waiting.map(({ metadata }) => metadata.name).join(", ")}`;
}

interface PodStatus {
  phase?: string;
  conditions?: { type: string; status: string; message?: string }[];
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
}
interface ContainerStatus {
  name: string;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: { reason?: string; exitCode?: number; message?: string } };
}

/** @returns for each pod that does not run why, and the namespace's last warnings */
export async function explainPods(cluster: Cluster, namespace: string): Promise<string[]> {
  const [pods, events] = await Promise.all([
    cluster.list({ apiVersion: "v1", kind: "Pod" }, { namespace }),
    cluster.list({ apiVersion: "v1", kind: "Event" }, { namespace, fieldSelector: "type=Warning" }),
  ]);
  const warnings = events.items.map((event) => {
    const { name, kind } = event["involvedObject"] as { name: string; kind: string };
    return `${kind} ${name}: ${String(event["reason"])}: ${String(event["message"]).trim()}`;
  });
  return [...pods.items.flatMap(reasons), ...[...new Set(warnings)].slice(-5)];
}

/** @returns what a pod waits for, one line per container; none for one that runs */
export function reasons(pod: KubernetesObject): string[] {
  const status = (pod["status"] ?? {}) as PodStatus;
  const unscheduled = status.conditions?.find((condition) => condition.type === "PodScheduled" && condition.status === "False");
  if (unscheduled) return [`Pod ${pod.metadata.name}: not scheduled: ${unscheduled.message}`];
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(({ name, state }) => {
    const { waiting, terminated } = state ?? {};
    const stopped = waiting ?? (terminated && terminated.exitCode !== 0 ? terminated : undefined);
    return stopped ? [`Pod ${pod.metadata.name}, ${name}: ${[stopped.reason, stopped.message].filter(Boolean).join(": ")}`] : [];
  });
}
