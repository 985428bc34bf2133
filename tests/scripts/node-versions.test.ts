import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyCheckout, run, shellEnvironment } from "../child.ts";

// TEST_NODES names further Node binaries, one a line; .ci/run installs them.
const others = (process.env["TEST_NODES"] ?? "").split("\n").filter(Boolean);
const commands = [
  ["npx", "zx", "scripts/deploy.mts", "--env", "prod", "--print"],
  ["npx", "zx", "scripts/deploy.mts", "--env", "dve"],
  ["npx", "zx", "scripts/setup.mts", "--help"],
  ["npx", "zx", "scripts/certs.mts", "--help"],
  ["npx", "zx", "scripts/teardown.mts", "--hepl"],
  ["npx", "zx", "scripts/dev.mts", "--help"],
  ["npm", "start", "--silent", "--", "--help"],
];

const under = (node: string) => ({ env: shellEnvironment({ PATH: dirname(node) + delimiter + process.env["PATH"] }) });

describe.each(commands.map((command) => [command.join(" "), command] as const))("%s", (_title, [program, ...args]) => {
  it.skipIf(others.length === 0)(`says the same on each Node (needs TEST_NODES; has ${others.length})`, async () => {
    const expected = await run(program!, args, under(process.execPath));
    expect(expected.stdout + expected.stderr).not.toContain("Error [ERR_");
    for (const node of others) expect(await run(program!, args, under(node)), node).toEqual(expected);
  });
});

describe("a fresh clone, with spaces and other letters in its path", () => {
  const folder = join(mkdtempSync(join(tmpdir(), "fresh-")), "ein Ordner für alles");
  beforeAll(() => copyCheckout(folder));
  afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

  it("needs no `npm install`: its first command installs, and stdout stays clean", async () => {
    const first = await run("npm", ["run", "--silent", "deploy", "--", "--env", "prod", "--print"], { cwd: folder });
    expect(first.stderr).toContain("✓ packages installed");
    expect(first.stdout).toMatch(/^---\napiVersion: v1\nkind: Namespace\n/);
    expect(first.code).toBe(0);

    const second = await run("npx", ["zx", "scripts/deploy.mts", "--env", "prod", "--print"], { cwd: folder });
    expect(second).toEqual({ ...first, stderr: "" });
  });
});
