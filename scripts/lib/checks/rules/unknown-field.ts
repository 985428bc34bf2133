import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "unknown-field",
  group: "object",
  why: "A misspelt field is dropped or refused by the cluster; TypeScript sees it in literals only, not behind a spread, a variable or `as`.",
  others: ["kubeconform -strict"],
  *check({ comparisons }) {
    for (const [object, { unknown }] of comparisons)
      for (const { path, known } of unknown) {
        const name = String(path.at(-1));
        yield {
          object,
          path: pathOf(...path.map((step) => (typeof step === "string" ? ([step] as const) : step))),
          message: `${object.kind} has no such field${suggestion(name, known)}`,
          fix: "correct or remove it",
        };
      }
  },
});
