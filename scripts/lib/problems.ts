import { UserError } from "./errors.ts";

/** Something that keeps a script from starting: what, why, and what to type. */
export interface Problem {
  readonly what: string;
  readonly why?: string;
  readonly next?: string;
}

/** @throws UserError that holds every problem, so that one run is enough to learn them all; nothing when there is none */
export function throwAll(problems: readonly Problem[], title = "things are in the way; nothing was changed"): void {
  const [first, ...others] = problems;
  if (!first) return;
  if (others.length === 0) throw new UserError(first.what, first);
  throw new UserError(`${problems.length} ${title}`, { why: problems.map(described).join("\n") });
}

/** @returns a problem as lines: what, then indented why and next */
export const described = ({ what, why, next }: Problem): string =>
  [what, ...(why ? why.split("\n").map((line) => `  ${line}`) : []), ...(next ? [`  → ${next}`] : [])].join("\n");

/** @returns a user's error as one problem among others; everything else is thrown on */
export function asProblem(error: unknown): Problem {
  if (!(error instanceof UserError)) throw error;
  return { what: error.message, why: error.why, next: error.next };
}

/**
 * Runs steps side by side and lets all of them end, so that what one of them began is whole when the script stops.
 * @throws UserError with what every failed one says; what a single one threw, as it is
 */
export async function allOf(steps: readonly Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(steps)).filter((result) => result.status === "rejected").map(({ reason }): unknown => reason);
  if (failures.length === 1) throw failures[0];
  throwAll(failures.map((failure) => (failure instanceof UserError ? asProblem(failure) : { what: `unexpected: ${(failure as Error).message}` })), "steps failed");
}
