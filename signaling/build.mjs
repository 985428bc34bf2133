import { bundle } from "../service/bundle.mjs";

await bundle(import.meta.dirname, "src/main.ts");
