import { readArguments } from "../arguments.ts";
import { UsageError } from "../errors.ts";

const usage = `
Deploys an environment: builds and pushes its images, shows what changes, asks, applies, waits, deletes what is left over.

  npx zx scripts/deploy.mts --env dev                    deploy; environments of production ask first
  npx zx scripts/deploy.mts --env prod --print           the YAML, to stdout; asks no cluster
  npx zx scripts/deploy.mts --env prod --check           what is wrong with the manifests; asks no cluster
  npx zx scripts/deploy.mts --check file.yaml -          the same for files, and for stdin
  npx zx scripts/deploy.mts --env prod --plan            what a deploy would change; exit code 3 if anything
  npx zx scripts/deploy.mts --env prod --plan plan.json  … and save it
  npx zx scripts/deploy.mts --apply plan.json            exactly that, or nothing if the cluster has moved since
  npx zx scripts/deploy.mts --env prod --history         the last revisions: who, when, what, with what result
  npx zx scripts/deploy.mts --env prod --rollback        the revision before; --rollback 7 the seventh; with --plan, what that would change
  npx zx scripts/deploy.mts --env prod --check-drift     what was changed by hand since; exit code 3 if anything
  npx zx scripts/deploy.mts --env prod --delete          delete what was deployed
  npx zx scripts/deploy.mts --env dev --images           the images that are built here, as JSON

  --tag TAG              build nothing: deploy the images that were pushed with this tag (by CI)
  --yes                  do not ask
  --rollback-on-failure  go back to the last revision that succeeded, if this one fails
  --force-conflicts      take over fields that others have changed (--plan shows them)
  --replace              delete and make anew what can't be changed in place; pods go on serving
  --prune-data           let deleted objects take volumes, namespaces and definitions along
  --allow-tags           deploy images by tag whose registry can't be asked for a digest
  --json                 the result as JSON, to stdout
  --verbose              stacks of errors

--plan builds and pushes images (a plan names them by digest) and changes nothing in the cluster.
Exit codes: 0 done, 1 failed, 2 called wrongly, 3 changes or drift, 130 interrupted.
`;

const options = {
  env: { type: "string" },
  print: { type: "boolean" },
  check: { type: "boolean" },
  images: { type: "boolean" },
  plan: { type: "boolean" },
  apply: { type: "string" },
  history: { type: "boolean" },
  rollback: { type: "boolean" },
  "check-drift": { type: "boolean" },
  delete: { type: "boolean" },
  tag: { type: "string" },
  yes: { type: "boolean" },
  "rollback-on-failure": { type: "boolean" },
  "force-conflicts": { type: "boolean" },
  replace: { type: "boolean" },
  "prune-data": { type: "boolean" },
  "allow-tags": { type: "boolean" },
  json: { type: "boolean" },
} as const;

export type Mode = "print" | "check" | "images" | "plan" | "apply" | "history" | "rollback" | "check-drift" | "delete" | "deploy";

/** What was asked for. */
export interface Request {
  readonly mode: Mode;
  readonly env?: string;
  /** `--check FILE …` */
  readonly files: readonly string[];
  /** `--plan FILE`, `--apply FILE` */
  readonly file?: string;
  /** `--rollback N` */
  readonly revision?: number;
  /** Show the plan of a rollback instead of going back. */
  readonly planOnly: boolean;
  readonly tag?: string;
  readonly yes: boolean;
  readonly rollbackOnFailure: boolean;
  readonly force: boolean;
  readonly replace: boolean;
  readonly pruneData: boolean;
  readonly allowTags: boolean;
  readonly json: boolean;
}

const modes = ["print", "check", "images", "apply", "history", "rollback", "check-drift", "delete", "plan"] as const;

/** What only makes sense while something is applied. */
const ofDeploys: readonly Mode[] = ["deploy", "plan", "rollback", "apply"];

/**
 * A flag has a value or has none, for node:util's parser; `--plan` and `--rollback` may have one. So a bare word is
 * taken for theirs, and for nobody else's.
 * @throws UsageError
 */
export function readRequest(args?: string[]): Request {
  const { values, positionals } = readArguments(usage, options, true, args);
  const asked = modes.filter((mode) => values[mode] !== undefined);
  const planOnly = values.plan === true;
  const others = asked.filter((mode) => mode !== "plan" || !asked.includes("rollback"));
  if (others.length > 1) throw new UsageError(`--${others[0]} and --${others[1]} are two different things`, { next: "one of them at a time" });
  const mode: Mode = others[0] ?? "deploy";

  const [word, ...more] = positionals;
  const takesWords = mode === "check" || mode === "plan" || mode === "rollback";
  if (word !== undefined && !takesWords) throw new UsageError(`unexpected word ${JSON.stringify(word)}`, { next: "--help shows all flags and examples" });
  if (more.length > 0 && mode !== "check") throw new UsageError(`unexpected word ${JSON.stringify(more[0])}`, { next: `--${mode} takes one at most` });
  if (mode === "rollback" && word !== undefined && !/^[1-9]\d*$/.test(word)) throw new UsageError(`${JSON.stringify(word)} is no revision`, { next: "--history lists their numbers: --rollback 7" });

  const only = (name: keyof typeof options, allowed: readonly Mode[]) => {
    if (values[name] && !allowed.includes(mode)) throw new UsageError(`--${name} has nothing to do with --${mode}`, { next: "--help shows what belongs together" });
  };
  only("tag", ["deploy", "plan"]);
  only("allow-tags", ["deploy", "plan"]);
  only("rollback-on-failure", ["deploy", "apply"]);
  only("yes", ["deploy", "apply", "rollback", "delete"]);
  // A saved plan holds what it was made with.
  only("force-conflicts", ofDeploys.filter((other) => other !== "apply"));
  only("replace", ofDeploys.filter((other) => other !== "apply"));
  only("prune-data", ["deploy", "plan", "rollback", "delete"]);
  if (values.tag !== undefined && !/^[\w][\w.-]{0,127}$/.test(values.tag)) throw new UsageError(`${JSON.stringify(values.tag)} can't be an image's tag`, { next: "letters, digits, dots, dashes and underscores" });

  return {
    mode,
    ...(values.env !== undefined && { env: values.env }),
    files: mode === "check" ? positionals : [],
    ...(mode === "apply" && { file: values.apply }),
    ...(mode === "plan" && word !== undefined && { file: word }),
    ...(mode === "rollback" && word !== undefined && { revision: Number(word) }),
    planOnly,
    ...(values.tag !== undefined && { tag: values.tag }),
    yes: values.yes ?? false,
    rollbackOnFailure: values["rollback-on-failure"] ?? false,
    force: values["force-conflicts"] ?? false,
    replace: values.replace ?? false,
    pruneData: values["prune-data"] ?? false,
    allowTags: values["allow-tags"] ?? false,
    json: values.json ?? false,
  };
}
