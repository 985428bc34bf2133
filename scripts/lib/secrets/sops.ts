import { existsSync } from "node:fs";
import { UserError } from "../errors.ts";
import type { Shell } from "../shell.ts";

/**
 * Decrypts a file with `sops`, whose stdout is read into memory: nothing decrypted reaches a disk.
 * @param path absolute; `name` is how the environment's file calls it
 * @throws UserError when there is no file, no sops or no key, or when a value is not text
 */
export async function decrypt($: Shell, path: string, name: string): Promise<Record<string, string>> {
  if (!existsSync(path))
    throw new UserError(`there is no ${name}`, { why: "the environment's secrets are to be decrypted from it", next: `sops edit ${name}   makes it (docs/production.md)` });
  const { stdout, stderr, exitCode } = await $({ nothrow: true, quiet: true })`sops decrypt --output-type json ${path}`;
  if (exitCode === 127) throw new UserError("sops is missing", { why: `it decrypts ${name}`, next: "https://github.com/getsops/sops/releases" });
  if (stderr.includes("metadata not found"))
    throw new UserError(`${name} is not encrypted`, { why: "sops finds nothing of its own in it", next: `sops encrypt --in-place ${name}; if it was committed, its values are known: replace them` });
  if (exitCode !== 0)
    throw new UserError(`sops can't decrypt ${name}`, {
      why: explain(stderr),
      next: "SOPS_AGE_KEY_FILE=<path of your age key> before the same command, or ask one who can to add your key (docs/production.md)",
    });
  return textsOf(stdout, name);
}

/** sops shows every master key that it tried, framed, and ends with general words; what is left is the reason. */
const explain = (stderr: string) =>
  stderr
    .replace(/^Recovery failed because.*/ms, "")
    .split("\n")
    .map((line) => line.replace(/^[\s|]+/, "").trimEnd())
    .filter((line) => line !== "" && !/^-+$/.test(line))
    .join("\n");

/** YAML turns 0123, 1e3 and yes into numbers and booleans, which nothing can turn back into what was typed. */
function textsOf(json: string, name: string): Record<string, string> {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    // Not the parser's words: they quote what they could not read.
    throw new UserError(`${name} holds no list of names and values`, { next: `one line each: NAME: "value"` });
  }
  const entries = Object.entries((content ?? {}) as Record<string, unknown>);
  const others = entries.filter(([, value]) => typeof value !== "string").map(([key, value]) => `${key} is ${value === null ? "empty" : Array.isArray(value) ? "a list" : `a${typeof value === "object" ? "n" : ""} ${typeof value}`}`);
  if (others.length > 0) throw new UserError(`${name} holds values that are not text`, { why: others.join("\n"), next: `put them in quotes: sops edit ${name}` });
  return Object.fromEntries(entries) as Record<string, string>;
}
