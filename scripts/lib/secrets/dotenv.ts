import { appendFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "dotenv";
import { UserError } from "../errors.ts";
import { warn } from "../progress.ts";

// The parser is dotenv's own. Node's `parseEnv` (20 to 24) differs in ways that cut or lose values without a word:
// "a\"b" becomes a\, a name after a byte order mark or after `export` and a tab is another name.

/**
 * @returns what a dotenv file holds; nothing when there is none
 * @throws UserError for one that can't be read or is not UTF-8
 */
export function readDotenv(path: string): Record<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    throw new UserError(`${basename(path)} can't be read`, { why: code === "EISDIR" ? `${path} is a folder` : (error as Error).message, cause: error });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const why = bytes[0] === 0xff || bytes[0] === 0xfe ? "it looks like UTF-16, as Windows PowerShell writes it" : "some of its bytes stand for no letter";
    throw new UserError(`${basename(path)} is not UTF-8`, { why, next: "save it as UTF-8", cause: error });
  }
  for (const name of cutAtHash(text)) warn(`${basename(path)}: ${name} ends before its #; put the value in quotes if the # belongs to it`);
  return { ...parse(text) };
}

/** @returns names whose unquoted value has a `#` in the middle of a word: dotenv takes what follows for a comment */
export function cutAtHash(text: string): string[] {
  const values = parse(text);
  // A line of a quoted value of several lines may look like one, but is no value of its own.
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*([^\s'"`#][^\r\n#]*)#/gm)].flatMap(([, name, before]) =>
    before === values[name!] ? [name!] : [],
  );
}

/**
 * Adds values that need no quotes at the end of a file, where they count; makes the file, for its owner only, when there is none.
 * @throws UserError when it can't be written
 */
export function appendToDotenv(path: string, values: Readonly<Record<string, string>>): void {
  try {
    const present = readIfThere(path);
    const gap = present === "" || present.endsWith("\n") ? "" : "\n";
    // Appended, not written anew: the file may be a link to that of another clone.
    appendFileSync(path, gap + Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
  } catch (error) {
    throw new UserError(`${basename(path)} can't be written`, {
      why: (error as Error).message,
      next: `write it yourself: ${Object.keys(values).map((name) => `${name}=…`).join(" and ")}`,
      cause: error,
    });
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
