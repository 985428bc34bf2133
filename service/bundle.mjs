import { rm } from "node:fs/promises";
import { build } from "esbuild";

/**
 * Makes one file of a service and all that it imports, so that its image needs no node_modules.
 *
 * @param {string} folder the service's own; what was in its dist/ goes
 * @param {string} entry for example src/main.ts
 */
export async function bundle(folder, entry) {
  await rm(`${folder}/dist`, { recursive: true, force: true });
  await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile: "dist/main.js",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // Shorter code, but the names and lines that stack traces show.
    minifySyntax: true,
    // CommonJS packages ask for Node's own modules by `require`, which ES modules don't have.
    banner: { js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);' },
  });
}
