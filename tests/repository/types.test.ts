import { expect, it } from "vitest";
import { run } from "../child.ts";

// Nothing compiles before it runs here, so this is where a type error shows.
it.each([".", "backend-trpc", "signaling", "landing-page"])("types hold in %s", async (project) => {
  expect(await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project])).toEqual({ code: 0, stdout: "", stderr: "" });
});
