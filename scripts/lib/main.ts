import { constants } from "node:os";
import { ApiError } from "./cluster/api-error.ts";
import { UserError } from "./errors.ts";
import { failed, say } from "./progress.ts";

/**
 * Runs a script, turns its errors into words and an exit code: 0 done, 1 failed, 2 called wrongly, 3 changes pending,
 * 130 interrupted.
 * @param run the checklist; may return an exit code; `signal` is aborted by the first Ctrl-C, the second ends at once
 */
export async function main(run: (signal: AbortSignal) => Promise<number | void>): Promise<void> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (interrupted.signal.aborted) process.exit(128 + constants.signals[name]);
      process.exitCode = 128 + constants.signals[name];
      interrupted.abort(new UserError("interrupted", { exitCode: process.exitCode }));
    });
  // `… --print | head` closes the pipe before all is written: not an error worth a stack.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  try {
    process.exitCode = (await run(interrupted.signal)) ?? process.exitCode ?? 0;
  } catch (error) {
    report(error, interrupted.signal);
    process.exitCode = interrupted.signal.aborted ? process.exitCode : error instanceof UserError ? error.exitCode : 1;
  }
}

function report(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return failed("interrupted; the same command completes what it began");
  if (error instanceof ApiError) {
    failed(error.message);
    if (error.code === 403) say(indent("→ ask whoever runs the cluster for that right; docs/production.md lists what deploys need"));
    return;
  }
  if (!(error instanceof UserError)) {
    failed(`unexpected: ${error instanceof Error ? ownFrames(error) : String(error)}`);
    return;
  }
  failed(error.message);
  if (error.why) say(indent(error.why));
  if (error.next) say(indent(`→ ${error.next}`));
  if (process.argv.includes("--verbose") && error.stack) say(indent(error.stack));
}

/** @returns the stack without what Node and packages did: a mistake in a manifest comes through here too, and its place is what counts */
function ownFrames({ stack, message }: Error): string {
  if (stack === undefined || process.argv.includes("--verbose")) return stack ?? message;
  return stack.split("\n").filter((line) => !/^ +at .*(node:|node_modules|<anonymous>)/.test(line)).join("\n");
}

const indent = (text: string) => text.replace(/^(?=.)/gm, "   ");
