import { styleText } from "node:util";
import type { Drift } from "./drift.ts";
import { masked, type FieldChange } from "./fields.ts";
import { shownName } from "./objects.ts";
import type { Action, Change } from "./plan.ts";
import type { Revision } from "./revisions.ts";

type Style = "green" | "yellow" | "red" | "dim" | "bold";

const signs: Record<Exclude<Action, "unchanged">, { sign: string; style: Style }> = {
  create: { sign: "+", style: "green" },
  update: { sign: "~", style: "yellow" },
  replace: { sign: "±", style: "red" },
  delete: { sign: "-", style: "red" },
  keep: { sign: "=", style: "dim" },
};

/** Lines of a text that are shown of either side. */
const longest = 12;

/**
 * A plan as people read it: what is unchanged is counted, everything else is shown.
 * @param colour whether whoever reads it sees colours; signs say the same
 */
export function planText(changes: readonly Change[], { colour = false } = {}): string {
  const paint = (style: Style, text: string) => (colour ? styleText(style, text, { validateStream: false }) : text);
  // What is said of many is said once, below.
  const common = [...new Set(changes.flatMap(({ remark }) => remark ?? []))].filter((remark) => changes.filter((change) => change.remark === remark).length > 2);
  const lines = changes.flatMap(({ action, object, fields, conflicts = [], remark: said }) => {
    if (action === "unchanged") return [];
    const remark = said !== undefined && common.includes(said) ? "*".repeat(common.indexOf(said) + 1) : said && `(${said})`;
    const { sign, style } = signs[action];
    return [
      ` ${paint(style, `${sign} ${action.padEnd(7)} ${shownName(object)}`)}${remark ? `  ${paint("dim", remark)}` : ""}`,
      ...fields.flatMap((field) => fieldLines(field).map((line) => `     ${paint(line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim", line)}`)),
      ...conflicts.map(({ field, manager, live, wanted }) => `     ${paint("red", `! ${field}: ${manager} has set ${printable(live)}, wanted is ${printable(wanted)}`)}`),
    ];
  });
  const footnotes = common.map((remark, index) => ` ${"*".repeat(index + 1)} ${remark}`);
  return [...lines, ...(lines.length > 0 ? [""] : []), ...footnotes, ` ${paint("bold", summary(changes))}`].join("\n");
}

/** `2 to create, 1 to update, 14 unchanged`; when it is done: `2 created, 1 updated, 14 unchanged` */
export function summary(changes: readonly Change[], { done = false } = {}): string {
  const words: readonly (readonly [Action, string])[] = [
    ...(["create", "update", "replace", "delete"] as const).map((action) => [action, done ? `${action}d` : `to ${action}`] as const),
    ["keep", done ? "kept" : "to keep"],
    ["unchanged", "unchanged"],
  ];
  const parts = words.map(([action, word]) => [changes.filter((change) => change.action === action).length, word] as const);
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ") || "nothing";
}

/** `path: old → new`, or for texts of several lines the lines that differ. */
function fieldLines({ path, from, to }: FieldChange): string[] {
  if (from === masked || to === masked) return [`  ${path}: ${from === undefined ? "new secret value" : to === undefined ? "secret value removed" : "secret value changed"}`];
  if (from === undefined) return block("+", path, to);
  if (to === undefined) return block("-", path, from);
  if (typeof from === "string" && typeof to === "string" && (from + to).includes("\n")) return [`  ${path}:`, ...lineDifference(from, to)];
  return [`  ${path}: ${value(from)} → ${value(to)}`];
}

const block = (sign: "+" | "-", path: string, content: unknown) =>
  typeof content === "string" && content.includes("\n") ? [`${sign} ${path}:`, ...shortened(content.split("\n").map((line) => `${sign}   ${printable(line)}`))] : [`${sign} ${path}: ${value(content)}`];

/** Without what both begin and end with. */
function lineDifference(from: string, to: string): string[] {
  const [before, after] = [from.split("\n"), to.split("\n")];
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const cut = (lines: string[], sign: string) => shortened(lines.slice(start, lines.length - end).map((line) => `${sign}   ${printable(line)}`));
  return [...cut(before, "-"), ...cut(after, "+")];
}

const shortened = (lines: string[]) => (lines.length > longest ? [...lines.slice(0, longest), `    … ${lines.length - longest} more lines`] : lines);

const value = (content: unknown) => (typeof content === "string" && /^[^\s"]+$/.test(content) && content === printable(content) ? content : printable(JSON.stringify(content)));

/** Without control characters: what comes from a cluster must not move the cursor. */
export const printable = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");

/** One line per revision, the newest first. */
export function historyText(revisions: readonly Revision[]): string {
  const rows = revisions.map(({ number, at, by, commit, beside, result, remark, rollbackTo, images }) => ({
    cells: [String(number), `${at.slice(0, 16).replace("T", " ")} UTC`, result, commit ?? "no commit", by],
    remarks: [...(rollbackTo === undefined ? [] : [`back to revision ${rollbackTo}`]), ...(beside ? [beside] : []), ...(remark ? [remark] : [])],
    images: Object.entries(images).map(([name, image]) => `${name.split("/").pop()} ${/@sha256:(.{12})/.exec(image)?.[1] ?? "by tag"}`),
  }));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map(({ cells }) => cells[column]!.length)));
  return rows
    .map(({ cells, remarks, images }) => [` ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`, ...[...remarks, images.join(", ")].filter(Boolean).map((line) => `     ${line}`)].join("\n"))
    .map(printable)
    .join("\n");
}

/** Every field that is no longer as deployed, and whose doing that is. */
export function driftText(drifts: readonly Drift[], { colour = false } = {}): string {
  const paint = (style: Style, text: string) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const lines = drifts.flatMap(({ object, fields, remark }) => [
    ` ${paint("yellow", `~ ${shownName(object)}`)}${remark ? `  ${remark}` : ""}`,
    ...fields.flatMap(({ managers, ...field }) => fieldLines(field).map((line, index) => `     ${line}${index === 0 && managers.length > 0 ? `  (${managers.join(", ")})` : ""}`)),
  ]);
  const count = drifts.reduce((sum, { fields }) => sum + fields.length, 0);
  return [...lines, "", ` ${paint("bold", `${count} ${count === 1 ? "field" : "fields"} changed in ${drifts.length} ${drifts.length === 1 ? "object" : "objects"}`)}`].join("\n");
}
