import { configDefaults, defineConfig } from "vitest/config";

// What npm hands its children would send every Node process that a test starts through scripts/preload.mjs.
const env = { NODE_OPTIONS: "", NO_COLOR: "1", FORCE_COLOR: "" };

export default defineConfig({
  test: {
    reporters: ["default", "./tests/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "manifests/**/*.test.ts",
            "scripts/**/*.test.ts",
            "{backend-trpc,landing-page,signaling}/src/**/*.test.ts",
            "tests/{checks,golden,scripts,repository}/**/*.test.ts",
          ],
          exclude: configDefaults.exclude,
          env,
          // Scripts run as child processes, pages are built and opened: seconds, or ten times that on a busy machine.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The application as processes, and on a cluster: one file at a time, for each wants the machine to itself.
        test: {
          name: "whole",
          include: ["tests/{local,e2e}/**/*.test.ts"],
          env,
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
