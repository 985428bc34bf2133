import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { withTable } from "../../scripts/lib/checks/table.ts";

it("docs/checks.md lists every rule as it is; if not: npx zx scripts/checks-table.mts", () => {
  const page = readFileSync(new URL("../../docs/checks.md", import.meta.url), "utf8");
  expect(page).toBe(withTable(page));
});

it("a page without a place for the table is told, not overwritten", () => {
  expect(() => withTable("# Checks\n")).toThrow(/needs the lines/);
});
