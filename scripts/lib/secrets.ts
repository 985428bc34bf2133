import { fileURLToPath } from "node:url";
import type { Environment } from "../../manifests/environment.ts";
import { neededIn, secretDeclarations, type Declarations, type SecretValues } from "../../manifests/secrets.ts";
import { UserError } from "./errors.ts";
import { done } from "./progress.ts";
import { makeUp, readSource } from "./secrets/sources.ts";
import { howToMend, problemsOf, wordsOf } from "./secrets/problems.ts";
import type { Shell } from "./shell.ts";

// From where an environment says its secrets are to the Secret objects of `render(environment, values)`, in memory.

export interface SecretOptions {
  /** What `from: "environment"` reads. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** What files are relative to. @default the folder of package.json */
  readonly folder?: string;
  /** @default manifests/secrets.ts */
  readonly declarations?: Declarations;
}

/**
 * Reads the values of an environment's secrets and checks them. Where one develops, random values that are missing are
 * made up and kept in the environment's dotenv file, which is said on stderr.
 * @returns what `render` takes; nothing when the cluster's operator fetches them. Never print it, pass it by stdin only.
 * @throws UserError that names every secret that is missing, empty or a placeholder, and where it is expected
 */
export async function secretValues($: Shell, environment: Environment, options: SecretOptions = {}): Promise<SecretValues> {
  const { env = process.env, folder = projectFolder, declarations = secretDeclarations } = options;
  const { secrets: source } = environment;
  if (source.from === "externalSecrets") return withoutOperator(environment);
  const needed = neededIn(environment, declarations);
  let found = await readSource($, source, { env, folder });
  if (environment.development && source.from === "dotenv") {
    const missing = Object.keys(needed).filter((key) => needed[key]!.randomInDevelopment && !found[key]);
    if (missing.length > 0) {
      found = makeUp(source.file, folder, missing);
      done(`${missing.join(", ")} made up for development, in ${source.file} (git ignores it)`);
    }
  }
  const problems = problemsOf(environment, needed, found);
  if (problems.length > 0)
    throw new UserError(`${problems.length === 1 ? "one secret" : `${problems.length} secrets`} of ${environment.name} can't be used`, {
      why: wordsOf(problems, environment),
      next: howToMend(problems, environment),
    });
  return Object.fromEntries(Object.keys(needed).flatMap((key) => (found[key] ? [[key, found[key]]] : [])));
}

function withoutOperator({ name, context }: Environment): SecretValues {
  if (context !== undefined) return {};
  throw new UserError(`the secrets of ${name} come from the External Secrets Operator, which runs in a cluster only`, {
    why: `${name} has no cluster`,
    next: `give it another source in manifests/environments/${name}.ts: secrets: { from: "dotenv", file: ".env" }`,
  });
}

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
