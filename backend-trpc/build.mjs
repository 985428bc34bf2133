import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundle } from "../service/bundle.mjs";

const folder = import.meta.dirname;
await bundle(folder, "src/main.ts");

const swaggerUi = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
await mkdir(join(folder, "dist/swagger-ui"));
for (const file of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "LICENSE", "NOTICE"])
  await copyFile(join(swaggerUi, file), join(folder, "dist/swagger-ui", file));
