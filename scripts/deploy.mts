import { readArguments } from "./lib/arguments.ts";
import { environmentNamed } from "./lib/environments.ts";
import { main } from "./lib/main.ts";
import { render, toYaml } from "./lib/render.ts";

const usage = `
Deploys an environment.

  npx zx scripts/deploy.mts --env dev            build, push, apply, wait, print the addresses
  npx zx scripts/deploy.mts --env prod --print   write the YAML to stdout and touch nothing
`;

await main(async () => {
  const { values } = readArguments(usage, { env: { type: "string" }, print: { type: "boolean" } });
  const environment = environmentNamed(values.env);
  process.stdout.write(toYaml(render(environment)));
});
