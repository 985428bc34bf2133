import { run } from "../../../service/run.ts";
import { readRuntimeConfig } from "./runtime-config.ts";
import { startPageServer } from "./server.ts";

await run({ name: "landing-page", defaultPort: 8080, readConfig: readRuntimeConfig, start: startPageServer });
