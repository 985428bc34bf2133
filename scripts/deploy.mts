import { hosts, origin } from "../manifests/environment.ts";
import { readArguments } from "./lib/arguments.ts";
import { connect } from "./lib/cluster.ts";
import { applyInWaves } from "./lib/deploy/apply.ts";
import { buildAll, imagesBuiltHere, pinned } from "./lib/deploy/images.ts";
import { waitForRollouts } from "./lib/deploy/wait.ts";
import { environmentNamed } from "./lib/environments.ts";
import { UserError } from "./lib/errors.ts";
import { main } from "./lib/main.ts";
import { say, step } from "./lib/progress.ts";
import { render, toYaml } from "./lib/render.ts";
import { secretValues } from "./lib/secrets.ts";
import { $ } from "./lib/shell.ts";

const usage = `
Deploys an environment.

  npx zx scripts/deploy.mts --env dev            build, push, apply, wait, print the addresses
  npx zx scripts/deploy.mts --env prod --print   write the YAML to stdout and touch nothing
  npx zx scripts/deploy.mts --env dev --images   write the images that are built here to stdout, as JSON
`;

await main(async (signal) => {
  const { values } = readArguments(usage, { env: { type: "string" }, print: { type: "boolean" }, images: { type: "boolean" } });
  const environment = environmentNamed(values.env);
  const objects = render(environment);
  const images = imagesBuiltHere(environment, objects);
  if (values.print) return void process.stdout.write(toYaml(objects));
  if (values.images) return void console.log(JSON.stringify(images));

  const { context } = environment;
  if (!context) throw new UserError(`${environment.name} runs as processes of this machine, not in a cluster`, { next: "npm start" });
  if (!environment.development) throw new UserError(`deploying to ${environment.name} is not built yet`, { next: `--env ${environment.name} --print   shows what it would be` });

  const secrets = await secretValues($, environment);
  const cluster = await connect($, context, { signal });
  try {
    const digests = await buildAll($, images, environment.tag, signal);
    const wanted = pinned(render(environment, secrets), digests);
    await step("Objects", async () => `applied, ${await applyInWaves(cluster, wanted, signal)} of ${wanted.length} changed`);
    await step("Rollouts", async () => (await waitForRollouts(cluster, wanted, signal), "complete"));
  } finally {
    await cluster.close();
  }
  say();
  for (const host of Object.values(hosts(environment))) say(`   ${origin(environment, host)}`);
});
