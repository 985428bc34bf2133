import type { Environment } from "../../../manifests/environment.ts";
import type { Declarations, SecretDeclaration } from "../../../manifests/secrets.ts";
import { nearest } from "../errors.ts";
import { isMadeUp } from "./made-up.ts";
import type { Found } from "./sources.ts";

export interface SecretProblem {
  readonly key: string;
  readonly declaration: SecretDeclaration;
  /** What is wrong, after the name: "is missing". */
  readonly what: string;
}

// What people and templates write where a value is to come. Whole values only: a real one may hold any of these words.
const placeholder =
  /^(?:<[^<>]*>|\{\{.*\}\}|\$\{.*\}|\$[A-Z_]+|%[A-Z_]+%|x{3,}|\*{3,}|\.{2,}|…|-+|\?+|(?:please[-_ ]?)?change[-_ ]?(?:me|it|this)[\w!-]*|replace[-_ ]?(?:me|this|with)[\w -]*|(?:insert|your|put)[-_ ][\w -]*|(?:an? )?example[\w -]*|placeholder|dummy|to[-_ ]?do|tbd|fix[-_ ]?me|undefined|null|none|n\/a|secret|password|passwd|test|foo|bar|default|admin)$/i;

/** @returns whether a value only stands for one: `changeme`, `<password>`, `xxx` */
export const isPlaceholder = (value: string) => placeholder.test(value.trim());

/** @returns all that is wrong with the values of an environment, in the list's order. Holds no values. */
export function problemsOf(environment: Environment, needed: Declarations, found: Found): SecretProblem[] {
  return Object.entries(needed).flatMap(([key, declaration]) => {
    const what = wrongWith(key, found, declaration, environment);
    return what === undefined ? [] : [{ key, declaration, what }];
  });
}

function wrongWith(key: string, found: Found, { optional }: SecretDeclaration, { development }: Environment): string | undefined {
  const value = found[key];
  if (!value && optional) return undefined;
  if (value === undefined) {
    const meant = nearest(key, Object.keys(found).filter((name) => found[name] !== undefined));
    return meant === undefined ? "is missing" : `is missing (is ${meant} meant to be it?)`;
  }
  if (value === "") return "is empty";
  if (value.trim() === "") return "holds nothing but spaces";
  if (isPlaceholder(value)) return "is a placeholder";
  if (isMadeUp(value) && !development) return "was made up for development";
  if (value.includes("\0")) return "holds a NUL byte, which no environment variable can";
  // What Node makes of bytes in the environment that are not UTF-8.
  if (value.includes("\uFFFD")) return "is not UTF-8";
  return undefined;
}

/** @returns one line per problem: the name, what is wrong, what it is and who needs it; then where they are looked for */
export function wordsOf(problems: readonly SecretProblem[], environment: Environment): string {
  const width = Math.max(...problems.map(({ key }) => key.length));
  const lines = problems.map(({ key, what, declaration }) => `${key.padEnd(width)}  ${what}: ${declaration.what}, for ${declaration.usedBy.join(" and ")}`);
  return [...lines, `expected in ${placeOf(environment)}`].join("\n");
}

/** @returns the source in words */
export function placeOf({ secrets: source }: Environment): string {
  switch (source.from) {
    case "dotenv":
      return `the file ${source.file}`;
    case "environment":
      return "environment variables of this command";
    case "sops":
      return `the encrypted file ${source.file}`;
    case "externalSecrets":
      return `${source.path} of the ${source.store.kind} ${source.store.name}`;
  }
}

/** @returns what to type next */
export function howToMend(problems: readonly SecretProblem[], { name, secrets: source }: Environment): string {
  const keys = [...new Set(problems.map(({ key }) => key))].join(", ");
  const again = `npx zx scripts/secrets.mts --env ${name}   checks them alone`;
  switch (source.from) {
    case "dotenv":
      return `write ${keys} into ${source.file} (.env.example says what each is), then: ${again}`;
    case "environment":
      return `set ${keys} (in CI: as secrets of the job; by hand: read -rs ${problems[0]!.key} && export ${problems[0]!.key}), then: ${again}`;
    default:
      return `${source.from === "sops" ? `sops edit ${source.file}` : `write ${keys} into the store`}, then: ${again}`;
  }
}
