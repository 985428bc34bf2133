import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { copyCheckout, run, shellEnvironment, type Result } from "../child.ts";

let parent: string;
let folder: string;
let env: NodeJS.ProcessEnv;

// A kubectl that knows an empty cluster and notes, as the machine's other users could, what runs and what lies in temp files.
const kubectl = `#!/bin/sh
{ ps -eo args 2>/dev/null || ps ax; echo "$*"; find "$TMPDIR" -type f -exec cat {} +; } >> "$SEEN"
case "$*" in *apply*) cat > "$APPLIED" ;; *get*) echo '{"items":[]}' ;; esac
`;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "secrets-"));
  folder = join(parent, "clone");
  copyCheckout(folder);
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  for (const name of ["bin", "tmp"]) mkdirSync(join(parent, name));
  writeFileSync(join(parent, "bin", "kubectl"), kubectl);
  chmodSync(join(parent, "bin", "kubectl"), 0o755);
  env = shellEnvironment({
    PATH: join(parent, "bin") + delimiter + process.env["PATH"],
    TMPDIR: join(parent, "tmp"),
    SEEN: join(parent, "seen"),
    APPLIED: join(parent, "applied"),
  });
  delete env["VALKEY_PASSWORD"];
});
afterEach(() => rmSync(parent, { recursive: true }));

const script = (name: string, args: string[], changes: NodeJS.ProcessEnv = {}): Promise<Result> =>
  run("npx", ["zx", `scripts/${name}.mts`, ...args], { cwd: folder, env: { ...env, ...changes } });
const canary = "canary-7c1e9f04";
const encoded = Buffer.from(canary).toString("base64");

it("a secret's value is in no output, no process's arguments and no temporary file", async () => {
  writeFileSync(join(folder, ".env"), `VALKEY_PASSWORD=${canary}\n`);
  const results = [
    await script("secrets", ["--env", "dev"]),
    await script("secrets", ["--env", "dev", "--apply"]),
    await script("deploy", ["--env", "dev", "--print"]),
    await script("secrets", ["--env", "prod"], { VALKEY_PASSWORD: canary }),
    await script("secrets", ["--env", "prod"], { VALKEY_PASSWORD: `<${canary}>` }),
    await script("deploy", ["--env", "prod", "--print"], { VALKEY_PASSWORD: canary }),
  ];
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1, 0]);
  // It did go where it belongs.
  expect(readFileSync(join(parent, "applied"), "utf8")).toContain(encoded);
  const seen = readFileSync(join(parent, "seen"), "utf8");
  expect(seen).toContain("apply --server-side");
  const written = [seen, ...results.flatMap(({ stdout, stderr }) => [stdout, stderr])].join("\n");
  for (const form of [canary, encoded]) expect(written).not.toContain(form);
  expect(readdirSync(join(parent, "tmp"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(canary))).toEqual([]);
});

it("prod without its secrets: each is named, with what it is and where it is expected; stdout stays empty", async () => {
  const { code, stdout, stderr } = await script("secrets", ["--env", "prod"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/VALKEY_PASSWORD {2}is missing: .+, for valkey and backend\n {3}expected in environment variables of this command\n {3}→ set VALKEY_PASSWORD/);
});

it("what is printed can't be applied over the secrets in a cluster", async () => {
  const { stdout } = await script("deploy", ["--env", "prod", "--print"]);
  expect(stdout).toContain("# Secret prod/valkey with VALKEY_PASSWORD: not printed\n");
  expect(stdout).not.toMatch(/^kind: Secret$/m);
});

it("--example is for itself", async () => {
  const { code, stderr } = await script("secrets", ["--example", "--env", "dev"]);
  expect(code).toBe(2);
  expect(stderr).toContain(" ✗ --example stands alone\n   → --help shows all flags and examples\n");
});
