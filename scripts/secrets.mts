import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { neededIn } from "../manifests/secrets.ts";
import { readArguments } from "./lib/arguments.ts";
import { environmentNamed } from "./lib/environments.ts";
import { UsageError } from "./lib/errors.ts";
import { main } from "./lib/main.ts";
import { done } from "./lib/progress.ts";
import { secretValues } from "./lib/secrets.ts";
import { putIntoCluster } from "./lib/secrets/development.ts";
import { exampleFile } from "./lib/secrets/example.ts";
import { placeOf } from "./lib/secrets/problems.ts";
import { $ } from "./lib/shell.ts";

const usage = `
What manifests/secrets.ts declares: whether an environment has it. Values are never shown.

  npx zx scripts/secrets.mts --env prod          name what is missing, empty or a placeholder, and where it is expected
  npx zx scripts/secrets.mts --env dev --apply   put them into the development cluster, for Tilt; elsewhere deploy does
  npx zx scripts/secrets.mts --example           write .env.example
`;

await main(async () => {
  const { values: flags } = readArguments(usage, { env: { type: "string" }, apply: { type: "boolean" }, example: { type: "boolean" } });
  if (flags.example) {
    if (flags.env || flags.apply) throw new UsageError("--example stands alone", { next: "--help shows all flags and examples" });
    await writeFile(fileURLToPath(new URL("../.env.example", import.meta.url)), exampleFile());
    return done(".env.example written");
  }
  const environment = environmentNamed(flags.env);
  const values = await secretValues($, environment);
  if (flags.apply) return putIntoCluster($, environment, values);
  for (const [key, { what }] of Object.entries(neededIn(environment))) {
    const state = environment.secrets.from === "externalSecrets" ? `fetched from ${placeOf(environment)}` : key in values ? "there" : "not there, and optional";
    done(`${key} ${state}: ${what}`);
  }
});
