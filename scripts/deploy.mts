import { checkCommand } from "./lib/checks/command.ts";
import { renderSound } from "./lib/checks/gate.ts";
import { readRequest } from "./lib/deploy/flags.ts";
import { imagesBuiltHere } from "./lib/deploy/images.ts";
import { applySaved, deleteAll, deploy, goalOfManifests, goalOfRollback, goalOfSaved, showDrift, showHistory, showPlan } from "./lib/deploy/modes.ts";
import { readPlan } from "./lib/deploy/saved.ts";
import { openTarget } from "./lib/deploy/target.ts";
import { waitForRollouts } from "./lib/deploy/wait.ts";
import { environmentNamed } from "./lib/environments.ts";
import { main } from "./lib/main.ts";
import { render, toYaml } from "./lib/render.ts";
import { $ } from "./lib/shell.ts";

await main(async (signal) => {
  const request = readRequest();
  const { mode, force, replace, pruneData } = request;

  // What asks no cluster.
  if (mode === "check") return checkCommand(request.env === undefined && request.files.length > 0 ? undefined : environmentNamed(request.env), request);
  const saved = mode === "apply" ? readPlan(request.file!) : undefined;
  const environment = environmentNamed(request.env ?? saved?.environment);
  if (mode === "print") return void process.stdout.write(toYaml(await renderSound(environment)));
  if (mode === "images") return void console.log(JSON.stringify(imagesBuiltHere(environment, render(environment))));

  // Everything else asks the environment's own, and makes sure that it is that.
  const target = await openTarget($, environment, saved?.options ?? { force, replace, pruneData }, waitForRollouts, signal);
  try {
    if (mode === "history") return await showHistory(target, request);
    if (mode === "check-drift") return await showDrift(target, request);
    if (mode === "delete") return await deleteAll(target, request);
    if (mode === "rollback") {
      const goal = await goalOfRollback(target, request.revision);
      return request.planOnly ? await showPlan(target, goal, request) : await deploy(target, goal, request);
    }
    if (saved) return await applySaved(target, await goalOfSaved($, target, saved), saved, request);
    const goal = await goalOfManifests($, target, request);
    return mode === "plan" ? await showPlan(target, goal, request) : await deploy(target, goal, request);
  } finally {
    await target.cluster.close();
  }
});
