import { createInterface } from "node:readline";
import { UserError, UsageError } from "../errors.ts";
import { bold } from "../progress.ts";

export interface Question {
  /** What has to be typed. */
  readonly word: string;
  /** What is about to happen, with what one should know. */
  readonly lines: readonly string[];
}

interface Terminal {
  readonly input: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Has a word typed.
 * @throws UsageError without a terminal, UserError when another word is typed or the signal comes first
 */
export async function confirm({ word, lines }: Question, signal?: AbortSignal, { input, output }: Terminal = { input: process.stdin, output: process.stderr }): Promise<void> {
  if (!input.isTTY)
    throw new UsageError("nobody is here to confirm", { why: [...lines, "and there is no terminal to ask on"].join("\n"), next: "--yes   goes on without asking" });
  output.write(`\n${lines.map((line) => `   ${line}\n`).join("")}\n   Type ${bold(word)} to go on: `);
  const reader = createInterface({ input });
  const typed = await new Promise<string | undefined>((resolve, reject) => {
    const aborted = () => reject(signal!.reason);
    if (signal?.aborted) aborted();
    signal?.addEventListener("abort", aborted, { once: true });
    reader.once("line", resolve).once("close", () => resolve(undefined));
  }).finally(() => reader.close());
  if (typed?.trim() !== word) throw new UserError("not confirmed; nothing was changed", { why: `${JSON.stringify(typed?.trim() ?? "")} is not ${word}` });
}
