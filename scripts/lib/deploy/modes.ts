import { publicAddresses } from "../../../manifests/environment.ts";
import { UsageError, UserError } from "../errors.ts";
import { done, say, warn } from "../progress.ts";
import { render } from "../render.ts";
import { secretValues } from "../secrets.ts";
import type { Shell } from "../shell.ts";
import { confirm } from "./confirm.ts";
import { driftSince } from "./drift.ts";
import type { Request } from "./flags.ts";
import { printJson } from "./json.ts";
import { provideImages } from "./images.ts";
import { lock } from "./lease.ts";
import { changes } from "./plan.ts";
import { recordCluster } from "./place.ts";
import { prepare } from "./prepare.ts";
import { planRemoval, remove } from "./remove.ts";
import { shownName } from "./objects.ts";
import { driftText, historyText, planText, summary } from "./report.ts";
import { revisionBefore, revisionsIn, type Revision } from "./revisions.ts";
import { carryOut, changesOf, goalOfRevision, isDone, makePlan, refuseIfMoved, refuseProblems, type Goal, type Plan } from "./run.ts";
import { goalOfPlan, savePlan, type SavedPlan } from "./saved.ts";
import type { Target } from "./target.ts";

// Each mode of deploy.mts that asks the cluster: from a target to an exit code. What is read by machines goes to stdout.

/** Renders, with secrets, what was checked before; provides images. @returns what the manifests say is to be there */
export async function goalOfManifests($: Shell, target: Target, { tag, allowTags }: Request): Promise<Goal> {
  const { environment, cluster, store, signal } = target;
  const objects = render(environment, await secretValues($, environment));
  const [latest] = await revisionsIn(cluster, store);
  const images = await provideImages($, environment, objects, { tag, ...(allowTags && { allowTags }), last: latest?.images, signal });
  return { objects: prepare(objects, store.owner, images), images: Object.fromEntries([...images.values()].map(({ name, image }) => [name, image])) };
}

/** `--plan`: shows, and saves when a file is named. */
export async function showPlan(target: Target, goal: Goal, { file, json }: Request): Promise<number> {
  const plan = await makePlan(target, goal);
  if (json) printJson({ environment: target.environment.name, context: target.cluster.context, pending: changes(plan.steps).length, changes: changesOf(plan), problems: plan.steps.flatMap(({ problem }) => problem ?? []) });
  else console.log(planText(changesOf(plan), { colour: coloured(process.stdout) }));
  refuseProblems(plan);
  if (file !== undefined) {
    await savePlan(file, target, target.uid, goal, plan);
    done(`plan saved: npx zx scripts/deploy.mts --apply ${file}`);
  }
  return changes(plan.steps).length > 0 ? 3 : 0;
}

/** Deploys: shows the plan, asks where people rely on the result, carries it out. */
export async function deploy(target: Target, goal: Goal, request: Request): Promise<number> {
  const plan = await makePlan(target, goal);
  return carryOutAgreed(target, goal, plan, request);
}

/** What a saved plan says is to be there; secret values come from where the manifests' do. */
export async function goalOfSaved($: Shell, { environment, cluster, store }: Target, saved: SavedPlan): Promise<Goal> {
  if (saved.environment !== environment.name) throw new UsageError(`this plan is for ${saved.environment}, not for ${environment.name}`, { next: "leave out --env: the plan knows" });
  const needsValues = saved.objects.some(({ kind }) => kind === "Secret");
  const rendered = render(environment, needsValues ? await secretValues($, environment) : undefined);
  return goalOfPlan(cluster, saved, prepare(rendered, store.owner, new Map()));
}

/** `--apply FILE` */
export async function applySaved(target: Target, goal: Goal, saved: SavedPlan, request: Request): Promise<number> {
  if (saved.cluster.uid !== target.uid)
    throw new UserError("this plan was made for another cluster", { why: `context ${saved.cluster.context} was ${saved.cluster.uid}, and is ${target.uid} now`, next: "make the plan again and look at it" });
  const plan = await makePlan(target, goal);
  refuseIfMoved({ steps: saved.changes.map((change) => ({ change })), revision: saved.revision }, plan);
  return carryOutAgreed(target, goal, plan, request);
}

/** `--rollback [N]`: what is to be there again. */
export async function goalOfRollback({ cluster, store }: Target, number: number | undefined): Promise<Goal> {
  const revisions = await revisionsIn(cluster, store);
  const [latest] = revisions;
  if (!latest) throw new UserError(`${store.name} has no revisions: nothing was deployed yet`);
  const revision = number === undefined ? revisionBefore(revisions) : revisions.find((one) => one.number === number);
  if (!revision && number !== undefined) throw new UserError(`revision ${number} is not kept`, { why: `kept are ${revisions.map((one) => one.number).join(", ")}`, next: "--history shows them" });
  if (!revision)
    throw new UserError("there is no earlier revision that succeeded", {
      why: latest.rollbackTo === undefined ? undefined : `revision ${latest.number} went back to ${latest.rollbackTo}, and nothing before that is kept`,
      next: "--history shows them; --rollback 7 goes to the seventh",
    });
  if (revision.result !== "succeeded") warn(`revision ${revision.number} did not succeed when it was deployed: ${revision.remark ?? revision.result}`);
  return goalOfRevision(cluster, revision);
}

async function carryOutAgreed(target: Target, goal: Goal, plan: Plan, { yes, json, rollbackOnFailure }: Request): Promise<number> {
  const { environment, cluster, recorded, uid } = target;
  refuseProblems(plan);
  const changed = changesOf(plan);
  const addresses = publicAddresses(environment);
  const report = (revision: Revision | undefined) => {
    if (json) printJson({ environment: environment.name, revision: revision?.number, result: revision?.result, changes: changed, addresses });
    else say(`\n${addresses.map((address) => `   ${address}`).join("\n")}`);
    return 0;
  };
  const record = () => {
    if (!environment.development && !recorded) done(recordCluster(environment, cluster, uid));
  };
  if (isDone(plan)) {
    record();
    done(`${environment.name} is already as the manifests say: revision ${plan.revisions[0]!.number}`);
    return report(plan.revisions[0]);
  }
  if (!environment.development || !yes) say(planText(changed, { colour: coloured(process.stderr) }));
  if (!environment.development && !yes)
    await confirm(
      {
        word: environment.name,
        lines: [
          `This goes to ${environment.name}: context ${cluster.context}, ${cluster.server}${recorded ? "" : ", where nothing was deployed from here yet"}.`,
          ...(goal.rollbackTo !== undefined ? [`It goes back to revision ${goal.rollbackTo}.`] : (goal.commit === undefined ? await target.source() : goal).beside?.map((lack) => `Not what everybody has: ${lack}.`) ?? []),
        ],
      },
      target.signal,
    );
  // Not before: a deploy that has nothing to do is spared loading a third of all modules.
  const [{ waitForRollouts }, { untilAddressesAnswer }] = await Promise.all([import("./wait.ts"), import("./addresses.ts")]);
  const revision = await carryOut({ ...target, wait: waitForRollouts }, goal, plan, { rollbackOnFailure });
  record();
  await untilAddressesAnswer(environment, target.signal);
  done(`revision ${revision.number} of ${environment.name} is deployed: ${summary(changed, { done: true })}`);
  return report(revision);
}

/** `--history` */
export async function showHistory({ cluster, store }: Target, { json }: Request): Promise<number> {
  const revisions = await revisionsIn(cluster, store);
  if (json) printJson(revisions.map(({ objects: _, fingerprints: __, leftovers: ___, ...rest }) => rest));
  else console.log(revisions.length > 0 ? historyText(revisions) : ` ${store.name} has no revisions yet`);
  return 0;
}

/** `--check-drift` */
export async function showDrift({ cluster, store }: Target, { json }: Request): Promise<number> {
  const [latest] = await revisionsIn(cluster, store);
  if (!latest) throw new UserError(`${store.name} has no revisions: nothing was deployed yet`, { next: `npx zx scripts/deploy.mts --env ${store.name}` });
  const drift = await driftSince(cluster, latest, store.owner);
  if (json) printJson({ environment: store.name, revision: latest.number, drift });
  else console.log(drift.length > 0 ? driftText(drift, { colour: coloured(process.stdout) }) : ` ${store.name} is as revision ${latest.number} left it`);
  return drift.length > 0 ? 3 : 0;
}

/** `--delete` */
export async function deleteAll(target: Target, { yes, json }: Request): Promise<number> {
  const { environment, cluster, store, options, signal, source } = target;
  const removal = await planRemoval(cluster, store, { ...options, owner: store.owner });
  const changed = changesOf(removal);
  if (changes(removal.steps).length === 0 && removal.revisions.length === 0) {
    done(`${environment.name} is already gone from ${cluster.context}${changed.length > 0 ? `, but for ${changed.map(({ object }) => shownName(object)).join(", ")}` : ""}`);
    if (json) printJson({ environment: environment.name, changes: changed });
    return 0;
  }
  say(planText(changed, { colour: coloured(process.stderr) }));
  if (!yes) await confirm({ word: environment.name, lines: [`This deletes ${environment.name} from context ${cluster.context}, ${cluster.server}: ${summary(changed)}.`] }, signal);
  const held = await lock(cluster, store, (await source()).holder, signal);
  try {
    const now = await planRemoval(cluster, store, { ...options, owner: store.owner });
    refuseIfMoved({ steps: removal.steps, revision: removal.revisions[0]?.number ?? 0 }, now);
    await remove(cluster, store, now, { locked: held.signal, signal });
  } finally {
    await held.release();
  }
  done(`${environment.name} is deleted: ${summary(changed, { done: true })}`);
  if (json) printJson({ environment: environment.name, changes: changed });
  return 0;
}

const coloured = (stream: NodeJS.WriteStream) => stream.isTTY && !process.env["NO_COLOR"];
