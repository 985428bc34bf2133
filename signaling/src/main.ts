import { run } from "../../service/run.ts";
import { startSignaling } from "./server.ts";

await run({ name: "signaling", defaultPort: 4000, readConfig: () => ({}), start: startSignaling });
