import { readFileSync, writeFileSync } from "node:fs";
import { readArguments } from "./lib/arguments.ts";
import { withTable } from "./lib/checks/table.ts";
import { main } from "./lib/main.ts";
import { done } from "./lib/progress.ts";

const usage = `
Writes the table of rules in docs/checks.md anew, from the rules in scripts/lib/checks/rules/.

  npx zx scripts/checks-table.mts
`;

await main(async () => {
  readArguments(usage, {});
  const page = new URL("../docs/checks.md", import.meta.url);
  const before = readFileSync(page, "utf8");
  const after = withTable(before);
  if (after !== before) writeFileSync(page, after);
  done(`docs/checks.md ${after === before ? "already lists" : "now lists"} today's rules`);
});
