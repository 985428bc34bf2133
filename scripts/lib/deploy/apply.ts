import type { Cluster } from "../cluster.ts";
import { ApiError } from "../cluster.ts";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager } from "./names.ts";
import { inWaves } from "./waves.ts";

/**
 * Applies server-side, wave by wave.
 * @returns how many objects were changed
 * @throws UserError that names every object of a wave that was refused, and why
 */
export async function applyInWaves(cluster: Cluster, objects: readonly KubernetesObject[], signal?: AbortSignal): Promise<number> {
  let changed = 0;
  for (const wave of inWaves(objects)) {
    signal?.throwIfAborted();
    const results = await Promise.allSettled(
      wave.objects.map(async (object) => {
        const before = await cluster.get(object);
        const after = await cluster.apply(object, { fieldManager });
        if (versionOf(before) !== versionOf(after)) changed++;
      }),
    );
    const refusals = results.flatMap((result, index) => (result.status === "rejected" ? [{ object: wave.objects[index]!, error: result.reason as Error }] : []));
    if (refusals.length > 0)
      throw new UserError(`${refusals.length} of ${wave.objects.length} objects (${wave.name}) were refused`, {
        why: refusals.map(({ object, error }) => `${nameOf(object)}: ${error.message}`).join("\n"),
        next: refusals.some(({ error }) => error instanceof ApiError && error.reason === "NoKindMatch") ? "npm run setup   installs what the local cluster lacks" : undefined,
      });
  }
  return changed;
}

/** `Deployment dev/backend` */
export const nameOf = ({ kind, metadata: { name, namespace } }: Pick<KubernetesObject, "kind" | "metadata">): string =>
  `${kind} ${namespace ? `${namespace}/` : ""}${name}`;

const versionOf = (object: KubernetesObject | undefined) => (object?.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
