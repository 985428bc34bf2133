import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../../../manifests/environment.ts";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { throwAll } from "../problems.ts";
import { done, step, warn } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import { apply, isAutoscaler, prune } from "./apply.ts";
import type { Source } from "./git.ts";
import { lock } from "./lease.ts";
import { fieldManager } from "./names.ts";
import { changes, compare, type Change, type PlanOptions, type Step } from "./plan.ts";
import { compareConfiguration, compareFormer } from "./prune.ts";
import { endLeftovers, leftoversOf } from "./replace.ts";
import { begin, finish, forgetOld, isOf, revisionsIn, type Result, type Revision, type Store } from "./revisions.ts";

/** A deploy's surroundings: where it goes, who does it, what it may do. */
export interface Run {
  readonly environment: Environment;
  readonly cluster: Cluster;
  readonly store: Store;
  /** Asks git when it is first needed: a deploy that has nothing to do does not. */
  readonly source: () => Promise<Source>;
  readonly signal: AbortSignal;
  readonly options: Omit<PlanOptions, "owner">;
  /** Waits until workloads run as applied; rejects with what is wrong with them. `all`: everything that is deployed. */
  readonly wait: (cluster: Cluster, objects: readonly KubernetesObject[], all: readonly KubernetesObject[], signal: AbortSignal) => Promise<void>;
}

/** What is to be there, and what to write down of it. */
export interface Goal {
  readonly objects: readonly KubernetesObject[];
  readonly images: Readonly<Record<string, string>>;
  readonly rollbackTo?: number;
  /** Of a rollback and of a saved plan: what it was made from, not what is in the working tree now. */
  readonly commit?: string;
  /** What a clone of that commit lacks. */
  readonly beside?: readonly string[];
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What is kept, the newest first. */
  readonly revisions: readonly Revision[];
  /** Whether it is a revision of its own. If not, it completes the last one, or only clears up. */
  readonly begins: boolean;
}

/** Compares with the cluster; changes nothing. */
export async function makePlan({ cluster, store, options }: Omit<Run, "wait">, goal: Goal): Promise<Plan> {
  const revisions = await revisionsIn(cluster, store);
  const planOptions = { ...options, owner: store.owner };
  const [compared, former, configuration] = await Promise.all([
    compare(cluster, goal.objects, planOptions),
    compareFormer(cluster, goal.objects, revisions, planOptions),
    compareConfiguration(cluster, goal.objects, revisions, store.owner),
  ]);
  const steps = [...compared, ...former];
  const pending = changes(steps).length > 0;
  // Nothing to do may be because another deploy has just applied it: then there is its revision, and it is not complete.
  const kept = pending ? revisions : await revisionsIn(cluster, store);
  const [latest] = kept;
  // What did not succeed may have been something else, and never have run.
  const begins = pending || !latest || (latest.result !== "succeeded" && !isOf(latest, goal));
  return { steps: [...steps, ...configuration(begins)], revisions: kept, begins };
}

/** @throws UserError with everything that stands against carrying out a plan */
export const refuseProblems = ({ steps }: Pick<Plan, "steps">): void => throwAll(steps.flatMap(({ problem }) => problem ?? []));

/** Whether a deploy would have nothing to do, not even to complete what another began. */
export const isDone = ({ steps, revisions: [latest] }: Plan): boolean => changes(steps).length === 0 && latest?.result === "succeeded";

/** @returns the changes as they are shown and saved */
export const changesOf = ({ steps }: Pick<Plan, "steps">): Change[] => steps.map(({ change }) => change);

/**
 * Carries out a plan that was shown and agreed to: locks, makes sure that the cluster is still as the plan found it,
 * writes a revision, applies, waits, deletes what is left over.
 * @returns the revision, succeeded
 * @throws UserError when the cluster has moved (nothing was changed then), or what went wrong; the revision says so too
 */
export async function carryOut(run: Run, goal: Goal, agreed: Plan, { rollbackOnFailure = false } = {}): Promise<Revision> {
  await ensureNamespace(run, agreed);
  const { cluster, store } = run;
  const held = await lock(cluster, store, (await run.source()).holder, run.signal);
  const locked = { ...run, signal: held.signal };
  try {
    const plan = await makePlan(locked, goal);
    refuseIfMoved({ steps: agreed.steps, revision: agreed.revisions[0]?.number ?? 0 }, plan);
    return await carryOutLocked(locked, goal, plan, rollbackOnFailure);
  } finally {
    await held.release();
  }
}

async function carryOutLocked(run: Run, goal: Goal, plan: Plan, rollbackOnFailure: boolean): Promise<Revision> {
  const { cluster, store, signal } = run;
  const revision = await writeDown(run, goal, plan);
  const end = (result: Result, remark?: string) => finish(cluster, store, revision, result, remark);
  try {
    const [autoscalers, others] = [plan.steps.filter(isAutoscaler), plan.steps.filter((step) => !isAutoscaler(step))];
    await prune(cluster, autoscalers, signal);
    await step(`Objects of revision ${revision.number}`, async () => {
      await apply(cluster, plan.steps, { ...run.options, signal, wait: (objects) => run.wait(cluster, objects, goal.objects, signal) });
      return "applied";
    });
    await step("Rollouts", async () => (await run.wait(cluster, goal.objects, goal.objects, signal), "complete"));
    await endLeftovers(cluster, [revision, ...plan.revisions].flatMap(({ leftovers = [] }) => leftovers));
    await prune(cluster, others, signal);
  } catch (error) {
    const interrupted = signal.aborted;
    // Whatever happens to this note, the reason why there is one must not be lost.
    await end(interrupted ? "interrupted" : "failed", (error as Error).message).catch((second) => warn(`revision ${revision.number} could not be marked as failed: ${(second as Error).message}`));
    if (!interrupted && rollbackOnFailure) await goBack(run, plan, revision, error as Error);
    throw error;
  }
  const finished = await end("succeeded");
  await forgetOld(cluster, store, [finished, ...plan.revisions.filter(({ number }) => number !== finished.number)]);
  return finished;
}

/** A revision for what is new; the last one, when it is only completed. */
async function writeDown({ cluster, store, source }: Run, goal: Goal, plan: Plan): Promise<Revision> {
  const [latest] = plan.revisions;
  if (latest && !plan.begins) return latest;
  const leftovers = (await Promise.all(plan.steps.map(({ change, live }) => (change.action === "replace" ? leftoversOf(cluster, live!) : [])))).flat();
  const { by, ...here } = await source();
  const { commit, beside = [] } = goal.commit === undefined ? here : goal;
  return begin(cluster, store, latest?.number ?? 0, {
    by,
    ...(commit && { commit }),
    ...(beside.length > 0 && { beside: beside.join(", ") }),
    ...(goal.rollbackTo !== undefined && { rollbackTo: goal.rollbackTo }),
    images: goal.images,
    objects: goal.objects,
    ...(leftovers.length > 0 && { leftovers }),
  });
}

/** After a failure: back to the last revision that succeeded. Its own failure is told, but the first one is thrown. */
async function goBack(run: Run, { revisions }: Plan, failed: Revision, reason: Error): Promise<void> {
  const target = revisions.find(({ result, number }) => result === "succeeded" && number !== failed.number);
  if (!target) return warn("there is no earlier revision that succeeded: nothing to go back to");
  warn(`${reason.message}: going back to revision ${target.number}`);
  try {
    const goal = await goalOfRevision(run.cluster, target);
    const plan = await makePlan(run, goal);
    refuseProblems(plan);
    await carryOutLocked(run, goal, plan, false);
    done(`revision ${target.number} is deployed again; the reason follows`);
  } catch (error) {
    warn(`going back to revision ${target.number} failed: ${(error as Error).message}${error instanceof UserError && error.why ? `\n${error.why}` : ""}`);
  }
}

/**
 * @returns what a revision deployed, with the values of its Secrets as the cluster still has them
 * @throws UserError when a Secret is gone: revisions hold no values
 */
export async function goalOfRevision(cluster: Cluster, revision: Revision): Promise<Goal> {
  const objects = await Promise.all(
    revision.objects.map(async (object) => {
      if (object.kind !== "Secret") return object;
      const live = await cluster.get(object);
      if (live) return { ...object, data: live["data"] };
      throw new UserError(`Secret ${object.metadata.namespace}/${object.metadata.name} of revision ${revision.number} is gone`, {
        why: "revisions hold no secret values, only the cluster had them",
        next: "check out the commit of that revision and deploy it: --history shows it",
      });
    }),
  );
  return { objects, images: revision.images, rollbackTo: revision.number, ...(revision.commit && { commit: revision.commit }), ...(revision.beside && { beside: [revision.beside] }) };
}

/** The lock and the revision need the namespace to be there; it is the first change of every first deploy. */
async function ensureNamespace({ cluster, store }: Run, { steps }: Plan): Promise<void> {
  const namespace = steps.find(({ change: { action, object } }) => action === "create" && object.kind === "Namespace" && object.name === store.namespace);
  if (namespace) await cluster.apply(namespace.wanted!, { fieldManager });
}

/** @throws UserError that names what is no longer as it was agreed to */
export function refuseIfMoved(agreed: { steps: readonly Pick<Step, "change">[]; revision: number }, now: Pick<Plan, "steps" | "revisions">): void {
  // As JSON has it: a saved plan came through it.
  const text = ({ change: { action, object, fields, conflicts = [] } }: Pick<Step, "change">) => JSON.parse(JSON.stringify({ action, object, fields, conflicts })) as Change;
  // A namespace that is new is there already: the lock is in it.
  const isMade = ({ action, object }: Change) => action === "create" && object.kind === "Namespace";
  const relevant = (steps: readonly Pick<Step, "change">[]) => steps.filter(({ change }) => change.action !== "unchanged" && change.action !== "keep" && !isMade(change)).map(text);
  refuseProblems(now);
  const [before, after] = [relevant(agreed.steps), relevant(now.steps)];
  const { revision: known } = agreed;
  const latest = now.revisions[0]?.number ?? 0;
  if (known === latest && isDeepStrictEqual(before, after)) return;
  const moved = [...before.filter((change) => !after.some((other) => isDeepStrictEqual(change, other))), ...after.filter((change) => !before.some((other) => isDeepStrictEqual(change, other)))];
  throw new UserError("the cluster has moved since this plan was made; nothing was changed", {
    why: [...(known === latest ? [] : [`it was made at revision ${known}, and now it is ${latest}`]), ...new Set(moved.map(({ object }) => `${object.kind} ${object.name}`))].join("\n"),
    next: "make the plan again and look at it",
  });
}
