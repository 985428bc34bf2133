import { dev } from "./dev.ts";
import { local } from "./local.ts";
import { prod } from "./prod.ts";
import { staging } from "./staging.ts";

/** Every environment by the name that `--env` takes. */
export const environments = { local, dev, staging, prod };
