import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

it("a lost connection is tried again soon, then ever more rarely, but never less than every ten seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 100].map((failures) => backoffMs(failures, 1))).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

it("a thousand visitors don't come back at the same moment", () => {
  const waits = Array.from({ length: 1000 }, () => backoffMs(3));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2000);
  expect(new Set(waits).size).toBeGreaterThan(900);
});
