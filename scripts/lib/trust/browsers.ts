import type { Status } from "../trust.ts";

// By itself: npm start asks for this alone, and holds what it loads as long as it runs.

/** @returns whether a store that browsers look at trusts the CA. On Linux the system's store is none: see nss.ts. */
export const trustedByBrowsers = (stores: readonly Status[], platform = process.platform): boolean =>
  stores.some(({ kind, state }) => state === "trusted" && kind !== "node" && (kind !== "system" || platform === "darwin"));
