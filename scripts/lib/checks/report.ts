import { bold, paint } from "../progress.ts";
import type { Problem } from "./types.ts";

/** @returns `2 errors, 1 warning, 3 waived`, or `no problems` */
export function summary(problems: readonly Problem[]): string {
  const { errors, warnings, waived } = count(problems);
  const words = [some(errors, "error"), some(warnings, "warning"), waived > 0 && `${waived} waived`].filter(Boolean);
  return words.join(", ") || "no problems";
}

const some = (number: number, word: string) => number > 0 && `${number} ${word}${number === 1 ? "" : "s"}`;

export function count(problems: readonly Problem[]): { errors: number; warnings: number; waived: number } {
  const open = problems.filter(({ waived }) => !waived);
  const errors = open.filter(({ severity }) => severity === "error").length;
  return { errors, warnings: open.length - errors, waived: problems.length - open.length };
}

/**
 * @returns every problem for a person, grouped by file and object: what is wrong and where, then the rule and the fix
 *
 *     manifests/services/backend.ts:27  Deployment prod/backend
 *       ✗ spec.template.spec.containers[0].env[2].valueFrom  Secret backend-env has no key VALKEY_URI (did you mean VALKEY_URL?)
 *         missing-secret: correct the key, or add it to the Secret
 */
export function toText(problems: readonly Problem[]): string {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const title = titleOf(problem);
    const group = groups.get(title);
    if (group) group.push(problem);
    else groups.set(title, [problem]);
  }
  return [...groups].map(([title, group]) => [bold(title), ...group.flatMap(linesOf)].join("\n")).join("\n\n");
}

function titleOf({ file, line, object }: Problem): string {
  const place = file ? `${file}${line ? `:${line}` : ""}` : undefined;
  return [place, object && nameOf(object)].filter(Boolean).join("  ") || "environment";
}

const nameOf = ({ kind, namespace, name }: NonNullable<Problem["object"]>) => `${kind || "?"} ${namespace ? `${namespace}/` : ""}${name || "?"}`;

function linesOf({ severity, path, message, rule, fix, waived }: Problem): string[] {
  const sign = waived ? "-" : severity === "error" ? paint("red", "✗") : paint("yellow", "!");
  const first = `  ${sign} ${path ? `${path}  ` : ""}${message}`;
  return waived ? [first, `    ${rule}: waived until ${waived.until}: ${waived.reason}`] : [first, `    ${rule}: ${fix}`];
}

/** @returns one JSON document for editors and CI */
export const toJson = (problems: readonly Problem[]): string => JSON.stringify({ ...count(problems), problems }, undefined, 2);

/**
 * @returns lines that GitHub shows beside the code of a pull request; write them to stderr when GITHUB_ACTIONS is set
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const toAnnotations = (problems: readonly Problem[]): string[] =>
  problems
    .filter(({ waived }) => !waived)
    .map(({ severity, file, line, object, rule, path, message, fix }) => {
      const properties = Object.entries({ file, line, title: `${rule}${object ? ` in ${nameOf(object)}` : ""}` })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${escape(String(value)).replace(/:/g, "%3A").replace(/,/g, "%2C")}`);
      return `::${severity} ${properties.join(",")}::${escape(`${path ? `${path}: ` : ""}${message}; ${fix}`)}`;
    });

const escape = (text: string) => text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
