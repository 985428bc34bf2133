import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["manifests/**/*.test.ts", "scripts/**/*.test.ts", "tests/**/*.test.ts", "{backend-trpc,landing-page,signaling}/src/**/*.test.ts"],
    // What npm hands its children would send every Node process that a test starts through scripts/preload.mjs.
    env: { NODE_OPTIONS: "", NO_COLOR: "1" },
  },
});
