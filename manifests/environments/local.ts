import type { Environment } from "../environment.ts";
import { dev } from "./dev.ts";

/** `npm start`: the same objects, run as processes of this machine. No cluster, so no context. */
export const local: Environment = { ...dev, name: "local", context: undefined, namespace: "local" };
