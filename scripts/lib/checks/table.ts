import { rules } from "./rules/index.ts";
import type { Group, Rule } from "./types.ts";

const titles: Record<Group, string> = {
  object: "One object",
  references: "Between objects",
  environment: "Where it goes",
  policy: "Policy of production",
};

const begin = "<!-- rules: written by scripts/checks-table.mts -->";
const end = "<!-- end of rules -->";

/** @returns a table per group: the rule, why, and what other linters call it */
export const table = (): string =>
  (Object.keys(titles) as Group[])
    .map((group) => {
      const lines = (rules as readonly Rule[]).filter((rule) => rule.group === group).map(line);
      return [`### ${titles[group]}`, "", "| rule | what goes wrong otherwise | elsewhere called |", "| --- | --- | --- |", ...lines].join("\n");
    })
    .join("\n\n");

const line = ({ name, why, others = [], severity }: Rule) =>
  `| \`${name}\`${severity === "warning" ? " (warning)" : ""} | ${why} | ${others.map((name) => `\`${name}\``).join(", ")} |`;

/**
 * @param page with the two comments between which the table stands
 * @returns the page with today's rules
 * @throws Error for a page without the comments
 */
export function withTable(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page needs the lines ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${table()}\n\n${page.slice(to)}`;
}
