// `--json`: one document to stdout per run, whatever becomes of it.

let printed = false;

export function printJson(value: unknown): void {
  printed = true;
  console.log(JSON.stringify(value, undefined, 2));
}

/** What went wrong, in the words of the report on stderr; nothing when the run has had its say, as a plan that can't be carried out has. */
export function printFailure(error: unknown, { interrupted }: { interrupted: boolean }): void {
  if (printed) return;
  const { message, why, next, result: rollout } = error as Error & { why?: string; next?: string; result?: unknown };
  printJson({ result: interrupted ? "interrupted" : "failed", error: { message, why, next }, rollout });
}
