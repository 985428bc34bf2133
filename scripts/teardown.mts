import { createInterface } from "node:readline/promises";
import { dev } from "../manifests/environments/dev.ts";
import { readArguments } from "./lib/arguments.ts";
import { authorityFiles, authorityFolder } from "./lib/ca.ts";
import { UsageError } from "./lib/errors.ts";
import { main } from "./lib/main.ts";
import { throwAll } from "./lib/problems.ts";
import { done, say, step, warn } from "./lib/progress.ts";
import { clusterSettings } from "./lib/setup/cluster-settings.ts";
import { checkEngine } from "./lib/setup/docker.ts";
import { oneAtATime } from "./lib/setup/one-at-a-time.ts";
import { authorityLeftover, findLeftovers } from "./lib/setup/teardown.ts";
import { checkTools } from "./lib/setup/tools.ts";
import { $ as uninterruptible } from "./lib/shell.ts";
import { allStores, certificatesOf, thisMachine, trustStatus } from "./lib/trust.ts";

const usage = `
Removes what setup made: the cluster, its context, the registry and its images, Docker's network kind when setup made it
and nothing else uses it. Says what, and asks first.

  npx zx scripts/teardown.mts          the local CA stays, so that browsers need not learn a new one
  npx zx scripts/teardown.mts --ca     the local CA too
  npx zx scripts/teardown.mts --yes    without asking
`;

await main(async (signal) => {
  const { values } = readArguments(usage, { yes: { type: "boolean" }, ca: { type: "boolean" } });
  const settings = clusterSettings(dev);
  const $ = uninterruptible({ signal });
  const [{ problems: ofTools }, { problems: ofEngine }] = await Promise.all([checkTools($, ["docker", "kind", "kubectl"]), checkEngine($)]);
  throwAll([...ofTools, ...ofEngine]);

  await oneAtATime(settings.name);
  const { ours, others } = await findLeftovers($, settings);
  const folder = authorityFolder();
  if (values.ca) {
    const { current, replaced } = certificatesOf(folder);
    ours.push(...authorityLeftover(folder, await trustStatus(allStores(thisMachine()), current, replaced)));
  }
  for (const what of others) warn(`${what} was made by someone else and stays`);
  if (ours.length === 0) return done(`Nothing of the cluster ${settings.name} is there`);

  say("This goes:");
  for (const { what } of ours) say(`  ${what}`);
  if (!values.yes && !(await agreed(signal))) return say("Nothing was changed.");
  for (const { what, remove } of ours)
    await step(`Removed ${what}`, async () => {
      await remove();
    });
  if (!values.ca && authorityFiles(folder).length > 0) say(`The local CA stays in ${folder} (--ca removes it).`);
});

async function agreed(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError("teardown asks first, and there is no terminal to answer at", { next: "--yes   when that is what you want" });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question("Delete it? [y/N] ", { signal })).trim());
  } finally {
    terminal.close();
  }
}
