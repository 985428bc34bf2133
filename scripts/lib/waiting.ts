import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "./errors.ts";
import { working } from "./progress.ts";

/**
 * Waits until something holds, and says every 10 s what is missing.
 * @param title what is waited for, as an error would name it
 * @param missing nothing when it holds, else what is missing; it may reject while things come up
 * @param explain called when the time is over: lines for the error
 * @throws UserError after `timeoutMs`
 */
export async function until(
  title: string,
  missing: () => Promise<string | undefined>,
  { timeoutMs = 300_000, signal, explain, next }: { timeoutMs?: number; signal?: AbortSignal; explain?: () => Promise<string[]>; next?: string } = {},
): Promise<void> {
  const start = Date.now();
  let said = start;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
    signal?.throwIfAborted();
    const what = await missing().catch((error: Error) => error.message);
    if (what === undefined) return;
    if (Date.now() - start > timeoutMs) {
      const lines = (await explain?.().catch(() => [])) ?? [];
      const why = [`after ${Math.round(timeoutMs / 1000)} s: ${what}`, ...lines].join("\n");
      throw new UserError(`${title} is not ready`, { why, next });
    }
    if (Date.now() - said >= 10_000) {
      said = Date.now();
      working(`${title}: ${brief(what)}`);
    }
    await sleep(pause, undefined, { signal });
  }
}

/** The end of a chain of causes says most: `… failed calling webhook …: dial tcp 10.96.0.1:443: connect: connection refused`. */
const brief = (text: string) => (text.length <= 100 ? text : `…${text.slice(-99)}`);
