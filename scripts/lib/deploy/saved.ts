import { readFileSync, writeFileSync } from "node:fs";
import type { Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { standsFor, type KubernetesObject } from "../render.ts";
import { identityOf, objectName, shownName } from "./objects.ts";
import type { Change, PlanOptions } from "./plan.ts";
import { withoutValues } from "./revisions.ts";
import { changesOf, type Goal, type Plan, type Run } from "./run.ts";
import { hashOf } from "./versioned.ts";

/** A plan as a file, to be looked at, passed on and carried out later. It holds no secret values: of Secrets it has keys and hashes. */
export interface SavedPlan {
  readonly format: 1;
  readonly environment: string;
  readonly cluster: { readonly context: string; readonly uid: string };
  readonly madeBy: string;
  readonly commit?: string;
  readonly beside?: readonly string[];
  /** The cluster's latest revision when the plan was made; 0 before the first. */
  readonly revision: number;
  readonly options: Omit<PlanOptions, "owner">;
  readonly images: Goal["images"];
  readonly changes: readonly Change[];
  readonly objects: readonly KubernetesObject[];
  readonly secrets: Readonly<Record<string, string>>;
}

export async function savePlan(file: string, { environment, source, cluster, options }: Omit<Run, "wait">, uid: string, goal: Goal, plan: Plan): Promise<void> {
  const { by, beside, commit } = await source();
  const saved: SavedPlan = {
    format: 1,
    environment: environment.name,
    cluster: { context: cluster.context, uid },
    madeBy: by,
    ...(commit && { commit }),
    ...(beside.length > 0 && { beside }),
    revision: plan.revisions[0]?.number ?? 0,
    options,
    images: goal.images,
    changes: changesOf(plan),
    objects: goal.objects.map(withoutValues),
    secrets: Object.fromEntries(goal.objects.filter(({ kind }) => kind === "Secret").map((secret) => [identityOf(objectName(secret)), hashOf(secret)])),
  };
  try {
    writeFileSync(file, `${JSON.stringify(saved, undefined, 2)}\n`);
  } catch (error) {
    throw new UserError(`the plan can't be saved as ${file}`, { why: (error as Error).message, cause: error });
  }
}

/** @throws UserError for a file that is no plan */
export function readPlan(file: string): SavedPlan {
  try {
    const saved = JSON.parse(readFileSync(file, "utf8")) as SavedPlan;
    if (saved.format !== 1 || !Array.isArray(saved.objects) || !Array.isArray(saved.changes)) throw new Error("it was not written by --plan FILE of this version");
    return saved;
  } catch (error) {
    throw new UserError(`${file} is not a saved plan`, { why: (error as Error).message, next: `npx zx scripts/deploy.mts --env … --plan ${file}`, cause: error });
  }
}

/**
 * @param rendered the manifests' objects as they would be applied now: for Secrets' values, and where objects were made
 * @returns what a saved plan is about, with secret values from where they are kept or, where they stay, from the cluster
 * @throws UserError when a Secret's values are no longer those that were planned
 */
export async function goalOfPlan(cluster: Cluster, saved: SavedPlan, rendered: readonly KubernetesObject[]): Promise<Goal> {
  const now = new Map(rendered.map((object) => [identityOf(objectName(object)), object]));
  const objects = await Promise.all(
    saved.objects.map(async (object) => {
      const identity = identityOf(objectName(object));
      const origin = now.get(identity);
      if (object.kind !== "Secret") return origin ? standsFor(object, origin) : object;
      for (const found of [origin, await cluster.get(object)]) if (found && hashOf(found) === saved.secrets[identity]) return standsFor({ ...object, data: found["data"] }, origin ?? object);
      throw new UserError(`${shownName(objectName(object))} is not what was planned`, {
        why: "its values come from where they are kept, never from the plan, and there they have changed since",
        next: "make the plan again and look at it",
      });
    }),
  );
  return { objects, images: saved.images, ...(saved.commit && { commit: saved.commit }), ...(saved.beside && { beside: saved.beside }) };
}
