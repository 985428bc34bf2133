import type { Environment } from "../../../manifests/environment.ts";
import { environments } from "../../../manifests/environments/index.ts";
import { UserError } from "../errors.ts";
import { say } from "../progress.ts";
import { render, type KubernetesObject } from "../render.ts";
import { check, hasErrors, type CheckOptions, type Problem } from "./index.ts";
import { count, summary, toAnnotations, toText } from "./report.ts";

/** @returns the environment's objects in apply order, and everything that is wrong with them */
export async function renderChecked(environment: Environment): Promise<{ objects: KubernetesObject[]; problems: Problem[] }> {
  const objects = render(environment);
  return { objects, problems: await check(objects, optionsFor(environment)) };
}

/**
 * Renders for everyday use: warnings are told, waivers are not.
 * @returns the objects, without values of secrets
 * @throws UserError after a report, if there are errors
 */
export async function renderSound(environment: Environment): Promise<KubernetesObject[]> {
  const { objects, problems } = await renderChecked(environment);
  requireSound(problems, { environment: environment.name, waived: false });
  return objects;
}

/** How objects of an environment are checked, whether they come from the manifests or from a file. */
export const optionsFor = (environment: Environment): CheckOptions => ({
  environment,
  others: Object.values<Environment>(environments).filter(({ name }) => name !== environment.name),
});

/**
 * Writes the problems to stderr, and as annotations where GitHub runs this. Warnings and waivers stop nothing.
 * @param waived whether waived ones are listed one by one, too
 * @throws UserError if one is an error: nothing may be changed then
 */
export function requireSound(problems: readonly Problem[], { environment, waived = true }: { environment?: string; waived?: boolean } = {}): void {
  const shown = waived ? problems : problems.filter((problem) => !problem.waived);
  if (shown.length > 0) say(`${toText(shown)}\n`);
  if (process.env["GITHUB_ACTIONS"] === "true") for (const line of toAnnotations(problems)) say(line);
  if (!hasErrors(problems)) return;
  const { errors } = count(problems);
  throw new UserError(`${summary(problems)}${environment ? ` in ${environment}` : ""}`, {
    why: `${errors === 1 ? "it" : "they"} would fail in the cluster or for its users, so nothing was changed`,
    next: "mend the lines above; what a rule is for: docs/checks.md",
  });
}
