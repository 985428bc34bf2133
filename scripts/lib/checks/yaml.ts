import {
  binaryTag, boolYaml11Tag, floatCoreTag, intYaml11Tag, loadAll, mapTag, mergeTag, NOT_RESOLVED, nullYaml11Tag, Schema, seqTag, strTag, YAMLException,
} from "js-yaml";
import { keepOrigin } from "../origins.ts";
import type { Problem } from "./types.ts";

// As kubectl reads it: YAML 1.1's booleans (`on`, `yes`) and octal numbers (0644), but no dates and no base 60.
const schema = new Schema([
  ...[strTag, seqTag, mapTag, nullYaml11Tag, boolYaml11Tag],
  { ...intYaml11Tag, resolve: (source, ...rest) => (source.includes(":") ? NOT_RESOLVED : intYaml11Tag.resolve(source, ...rest)) },
  ...[floatCoreTag, mergeTag, binaryTag],
]);

/**
 * Reads a file of Kubernetes objects, YAML or JSON.
 * @returns its documents, each of which knows its line, and what can't be read
 */
export function readYaml(text: string, file: string): { documents: object[]; problems: Problem[] } {
  const documents: object[] = [];
  const problems: Problem[] = [];
  const refuse = (line: number, message: string, fix: string) => problems.push({ rule: "yaml", severity: "error", path: "", message, fix, file, line });
  // One by one, so that one that can't be read does not hide the others. Only a marker of a document begins with --- there.
  let line = 1;
  for (const part of text.replace(/\r\n/g, "\n").split(/^---(?=\s|$)/m)) {
    const first = line + (/^(\s*(#.*)?\n)*/.exec(part)?.[0].split("\n").length ?? 1) - 1;
    try {
      for (const value of loadAll(part, { schema })) {
        if (value === undefined || value === null) continue;
        if (typeof value === "object") documents.push(keepOrigin(value, { file, line: first }));
        else refuse(first, `holds ${typeof value === "string" ? "text" : typeof value} where an object is expected`, "write apiVersion, kind and metadata");
      }
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      refuse(line + (error.mark?.line ?? 0), `can't be read as YAML: ${error.reason}`, "correct the syntax, often the indentation");
    }
    line += part.split("\n").length - 1;
  }
  return { documents, problems };
}
