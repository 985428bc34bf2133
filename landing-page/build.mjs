import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";
import { bundle } from "../service/bundle.mjs";

const folder = import.meta.dirname;
await bundle(folder, "src/server/main.ts");
await build({ root: folder, logLevel: "warn" });

// Once, as small as can be, instead of at each request.
for (const name of await readdir(join(folder, "dist/public"), { recursive: true })) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue;
  const file = join(folder, "dist/public", name);
  const content = await readFile(file);
  await writeFile(`${file}.br`, brotliCompressSync(content));
  await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
}
