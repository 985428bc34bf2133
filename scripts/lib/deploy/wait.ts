import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { say } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import { objectName, shownName } from "./objects.ts";

interface Workload {
  metadata: { generation?: number };
  spec?: { replicas?: number };
  status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; readyReplicas?: number };
}

/** @returns what a workload still lacks; undefined when its pods all run what was applied */
export function missing(object: KubernetesObject | undefined): string | undefined {
  const { metadata, spec, status = {} } = (object ?? { metadata: {} }) as unknown as Workload;
  const wanted = spec?.replicas ?? 1;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 1)) return "not noticed yet";
  if ((status.updatedReplicas ?? 0) < wanted) return `${status.updatedReplicas ?? 0} of ${wanted} pods updated`;
  if ((status.readyReplicas ?? 0) < wanted) return `${status.readyReplicas ?? 0} of ${wanted} pods ready`;
  if ((status.replicas ?? 0) > wanted) return "old pods still end";
  return undefined;
}

/** Waits until every Deployment and StatefulSet runs as applied. @throws UserError after ten minutes */
export async function waitForRollouts(cluster: Cluster, objects: readonly KubernetesObject[], signal?: AbortSignal): Promise<void> {
  const end = Date.now() + 600_000;
  let said = "";
  for (;;) {
    const workloads = objects.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind));
    const states = await Promise.all(workloads.map(async (workload) => [shownName(objectName(workload)), missing(await cluster.get(workload))] as const));
    const open = states.filter(([, lacks]) => lacks !== undefined).map(([name, lacks]) => `${name}: ${lacks}`);
    if (open.length === 0) return;
    if (Date.now() > end) throw new UserError("not everything runs after ten minutes", { why: open.join("\n"), next: `kubectl --context ${cluster.context} get pods -A` });
    if (said !== (said = open.join("; "))) say(`   ${said}`);
    await sleep(1000, undefined, { signal });
  }
}
