/** What a person reads when something can't go on: what happened, why, and what to type next. */
export class UserError extends Error {
  override name = "UserError";
  readonly why: string | undefined;
  readonly next: string | undefined;
  /** 1: it failed; 2: it was called wrongly; 3: there are changes. */
  readonly exitCode: number;

  constructor(message: string, options: { why?: string; next?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.why = options.why;
    this.next = options.next;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A flag or name that does not exist, or misses its value. */
export class UsageError extends UserError {
  override name = "UsageError";

  constructor(message: string, options: { why?: string; next?: string } = {}) {
    super(message, { ...options, exitCode: 2 });
  }
}

/** @returns the known word that is nearest to a misspelt one, if any is near: two letters apart, or a third of it. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const allowed = Math.max(2, Math.floor(word.length / 3));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= allowed && distance < candidate.length && distance < (best?.distance ?? Infinity))
      best = { candidate, distance };
  }
  return best?.candidate;
}

/** Letters to insert, remove or replace (Levenshtein's distance). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
