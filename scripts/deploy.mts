import { readRequest, type Request } from "./lib/deploy/flags.ts";
import { main } from "./lib/main.ts";

await main(async (signal) => {
  const request = readRequest();
  return run(request, signal).catch(async (error: unknown) => {
    if (request.json) (await import("./lib/deploy/json.ts")).printFailure(error, { interrupted: signal.aborted });
    throw error;
  });
});

async function run(request: Request, signal: AbortSignal): Promise<number | void> {
  const { mode, force, replace, pruneData } = request;
  const { environmentNamed } = await import("./lib/environments.ts");

  // What asks no cluster. Each part is loaded where it is needed: all together take longer to load than to run.
  const offline = () => import("./lib/deploy/offline.ts");
  if (mode === "check") return (await offline()).checkCommand(request.env === undefined && request.files.length > 0 ? undefined : environmentNamed(request.env), request);
  const saved = mode === "apply" ? (await import("./lib/deploy/saved.ts")).readPlan(request.file!) : undefined;
  const environment = environmentNamed(request.env ?? saved?.environment);
  if (mode === "print") return (await offline()).print(environment, request);
  if (mode === "images") return (await offline()).listImages(environment);

  // Everything else asks the environment's own, and makes sure that it is that. While kubectl starts, the rest is loaded
  // and the manifests are checked: each takes about as long.
  const [{ openTarget }, { $ }] = await Promise.all([import("./lib/deploy/target.ts"), import("./lib/shell.ts")]);
  const opening = openTarget($, environment, saved?.options ?? { force, replace, pruneData }, signal);
  const modes = import("./lib/deploy/modes.ts");
  const checked = mode === "deploy" || mode === "plan" ? import("./lib/checks/gate.ts").then(({ renderSound }) => renderSound(environment)) : undefined;
  checked?.catch(() => {}); // told below, unless the cluster is the wrong one
  const target = await opening;
  try {
    await checked;
    const { applySaved, deleteAll, deploy, goalOfManifests, goalOfRollback, goalOfSaved, showDrift, showHistory, showPlan } = await modes;
    if (mode === "history") return await showHistory(target, request);
    if (mode === "check-drift") return await showDrift(target, request);
    if (mode === "delete") return await deleteAll(target, request);
    if (saved) return await applySaved(target, await goalOfSaved($, target, saved), saved, request);
    const goal = mode === "rollback" ? await goalOfRollback(target, request.revision) : await goalOfManifests($, target, request);
    return mode === "plan" || request.planOnly ? await showPlan(target, goal, request) : await deploy(target, goal, request);
  } finally {
    await target.cluster.close();
  }
}
