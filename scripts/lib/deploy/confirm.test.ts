import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { confirm } from "./confirm.ts";

const question = { word: "prod", lines: ["This goes to prod."] };
function terminal(typed?: string, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  if (typed !== undefined) input.end(typed);
  return { input, output };
}

it("goes on when the word is typed, after it has said what happens", async () => {
  const { input, output } = terminal("prod\n");
  await confirm(question, undefined, { input, output });
  expect(String(output.read())).toContain("This goes to prod.");
});

it.each(["yes\n", "pro\n", "\n", ""])("changes nothing when %j is typed instead", async (typed) => {
  await expect(confirm(question, undefined, terminal(typed))).rejects.toThrow("not confirmed; nothing was changed");
});

it("refuses where nobody can type, and names the flag for machines", async () => {
  await expect(confirm(question, undefined, terminal("prod\n", false))).rejects.toMatchObject({ exitCode: 2, next: expect.stringContaining("--yes"), why: expect.stringContaining("This goes to prod.") });
});

it("ends at Ctrl-C", async () => {
  const interrupt = new AbortController();
  const asking = confirm(question, interrupt.signal, terminal());
  interrupt.abort(new Error("Ctrl-C"));
  await expect(asking).rejects.toThrow("Ctrl-C");
});
