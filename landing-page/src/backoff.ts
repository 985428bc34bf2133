/**
 * How long to wait before a further attempt: longer each time, and spread, so that visitors who lost their connection at
 * the same moment don't all come back at the same moment.
 *
 * @param failures how many attempts have failed in a row, from 1
 * @param random from 0 to 1, for tests
 */
export function backoffMs(failures: number, random = Math.random()): number {
  const longest = Math.min(500 * 2 ** (failures - 1), 10_000);
  return longest * (0.5 + random / 2);
}

/** Waits, but no longer than until the browser is online again. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });
}
