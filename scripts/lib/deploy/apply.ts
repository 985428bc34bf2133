import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { described, type Problem } from "../problems.ts";
import { say } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager } from "./names.ts";
import { objectName, shownName } from "./objects.ts";
import { changes, type Step } from "./plan.ts";
import { conflictsIn, explainRefusal } from "./refusals.ts";
import { replace } from "./replace.ts";
import { inWaves } from "./waves.ts";

export interface ApplyOptions {
  readonly force?: boolean;
  readonly signal: AbortSignal;
  /** Waits until workloads run as applied. */
  readonly wait: (objects: readonly KubernetesObject[]) => Promise<void>;
}

/**
 * Makes a plan's changes but for deletions, wave by wave; what does not change is not written.
 * @throws UserError that names everything in a wave that was refused; later waves are not begun then
 */
export async function apply(cluster: Cluster, steps: readonly Step[], options: ApplyOptions): Promise<void> {
  const pending = changes(steps).filter(({ wanted }) => wanted !== undefined);
  for (const { name, items } of inWaves(pending, ({ change }) => change.object.kind)) {
    options.signal.throwIfAborted();
    const results = await Promise.allSettled(items.map((step) => applyOne(cluster, step, options)));
    const problems = results.flatMap((result, index) => (result.status === "rejected" ? [problemOf(items[index]!, result.reason)] : []));
    if (problems.length > 0)
      throw new UserError(`${problems.length} of ${items.length} objects could not be applied (${name})`, { why: problems.map(described).join("\n") });
    const objects = items.map(({ wanted }) => wanted!);
    await established(cluster, objects, options.signal);
    // What is stateful comes first because others need it: they are not touched before it works.
    if (objects.some(({ kind }) => kind === "StatefulSet")) await options.wait(objects);
  }
}

/** An autoscaler that goes would undo the number of pods that is applied: it goes first. */
export const isAutoscaler = ({ change }: Step): boolean => change.object.kind === "HorizontalPodAutoscaler";

/** Deletes what the plan says, last wave first. */
export async function prune(cluster: Cluster, steps: readonly Step[], signal?: AbortSignal): Promise<void> {
  const deletions = steps.filter(({ change }) => change.action === "delete");
  for (const { items } of inWaves(deletions, ({ change }) => change.object.kind).reverse()) {
    signal?.throwIfAborted();
    // This very object, or none: somebody may have made another of that name.
    await Promise.all(items.map(({ live }) => cluster.delete(live!, { uid: (live!.metadata as { uid?: string }).uid })));
  }
}

/** Answers that a little patience mends: a webhook whose pods still start, a definition that the server still takes in. */
const passing = (error: ApiError) => error.code === 0 || error.code === 503 || error.code === 504 || error.reason === "NoKindMatch" || /failed calling webhook|etcdserver: (leader|request)/.test(error.message);
const patience = { tries: 15, pause: 2000 };

function applyOne(cluster: Cluster, step: Step, { force, signal }: ApplyOptions): Promise<void> {
  const { change, live, takesOver } = step;
  // Between deleting and making nothing but a second Ctrl-C ends it.
  if (change.action === "replace") return replace(cluster, live!, () => applyPatiently(cluster, step, {}));
  return applyPatiently(cluster, step, { force: force || takesOver, signal });
}

async function applyPatiently(cluster: Cluster, { change, wanted }: Step, { force, signal }: { force?: boolean; signal?: AbortSignal }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return void (await cluster.apply(wanted!, { fieldManager, force }));
    } catch (error) {
      if (!(error instanceof ApiError) || !passing(error) || attempt === patience.tries) throw error;
      if (attempt === 1) say(`   ${shownName(change.object)}: ${explainRefusal(wanted!, error).what}; trying again`);
      await sleep(patience.pause, undefined, { signal });
    }
  }
}

function problemOf({ change, wanted, live }: Step, error: unknown): Problem {
  if (error instanceof UserError) return { what: error.message, why: error.why, next: error.next };
  if (!(error instanceof ApiError)) throw error;
  const conflicts = live ? conflictsIn(error, live, wanted!) : [];
  if (conflicts.length === 0) return explainRefusal(wanted!, error);
  return { what: `${shownName(change.object)} was changed by others in this moment`, why: conflicts.map(({ field, manager }) => `${field}: ${manager}`).join("\n"), next: "look at the plan again" };
}

/** Waits until the server serves the kinds that were just defined. */
async function established(cluster: Cluster, objects: readonly KubernetesObject[], signal: AbortSignal): Promise<void> {
  for (const definition of objects.filter(({ kind }) => kind === "CustomResourceDefinition"))
    for (let attempt = 1; ; attempt++) {
      // null at first
      const { conditions } = ((await cluster.get(definition))?.["status"] ?? {}) as { conditions?: { type: string; status: string }[] | null };
      if (conditions?.some(({ type, status }) => type === "Established" && status === "True")) break;
      if (attempt === 100) throw new UserError(`${shownName(objectName(definition))} is not taken up by the server`, { why: JSON.stringify(conditions) });
      await sleep(200, undefined, { signal });
    }
}
