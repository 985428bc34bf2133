import { run } from "../../service/run.ts";
import { readConfig } from "./config.ts";
import { startBackend } from "./server.ts";

await run({ name: "backend-trpc", defaultPort: 3000, readConfig, start: startBackend });
