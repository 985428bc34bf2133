import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { Environment } from "../../../manifests/environment.ts";
import { UserError } from "../errors.ts";
import { done } from "../progress.ts";
import { optionsFor, renderChecked, requireSound } from "./gate.ts";
import { check, type Problem } from "./index.ts";
import { summary, toJson } from "./report.ts";
import { readYaml } from "./yaml.ts";

/**
 * `deploy.mts --check`: says everything that is wrong, on stderr, or on stdout as JSON.
 * @param environment whose manifests are checked, or where the files' objects would go; files may go without
 * @param files YAML or JSON instead of the manifests; `-` is standard input
 * @returns the exit code: 1 if there are errors
 * @throws UserError for a file that can't be read, and (without `json`) if there are errors
 */
export async function checkCommand(environment: Environment | undefined, { files = [], json = false }: { files?: readonly string[]; json?: boolean }): Promise<number> {
  const problems = files.length > 0 ? await checkFiles(files, environment) : (await renderChecked(environment!)).problems;
  if (json) console.log(toJson(problems));
  else {
    requireSound(problems, environment && files.length === 0 ? { environment: environment.name } : {});
    done(`checked: ${summary(problems)}`);
  }
  return problems.some(({ severity, waived }) => severity === "error" && !waived) ? 1 : 0;
}

/** Checked together: what one file refers to may be in another. */
async function checkFiles(files: readonly string[], environment: Environment | undefined): Promise<Problem[]> {
  const read = await Promise.all(files.map(async (file) => readYaml(await textOf(file), file === "-" ? "stdin" : file)));
  // What was to write it has failed: `helm template … | deploy.mts --check -`.
  if (read.every(({ documents, problems }) => documents.length === 0 && problems.length === 0)) throw new UserError(`${files.join(", ")}: nothing to check`, { why: "no object is in there" });
  const problems = await check(read.flatMap(({ documents }) => documents), environment ? optionsFor(environment) : {});
  return [...read.flatMap(({ problems }) => problems), ...problems];
}

async function textOf(file: string): Promise<string> {
  try {
    // Read as it comes: standard input may be one that does not block, and still be empty.
    return file === "-" ? await text(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`can't read ${file}`, { why: code === "ENOENT" ? "there is no such file" : message, next: "--check FILE …, or - for standard input", cause: error });
  }
}
