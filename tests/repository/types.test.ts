import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);

// Nothing compiles before it runs here, so this is where a type error shows.
it.each([".", "backend-trpc", "signaling", "landing-page"])("types hold in %s", async (project) => {
  const { stdout } = await run("node", ["node_modules/typescript/bin/tsc", "-p", project]).catch((error) => error);
  expect(stdout).toBe("");
});
