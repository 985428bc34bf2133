import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { copyCheckout, run, shellEnvironment } from "../child.ts";

// deploy.mts --check as a person and as CI calls it. On the PATH is nothing: it needs no tool and no cluster.

const folder = mkdtempSync(join(tmpdir(), "check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
function deploy(args: readonly string[], { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "scripts/deploy.mts", ...args], {
    input,
    encoding: "utf8",
    env: shellEnvironment({ PATH: folder, FORCE_COLOR: undefined, GITHUB_ACTIONS: undefined, ...env }),
  });
  return { code: status, stdout, stderr };
}

const good = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n";
const bad = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_Name\ndatta: {}\n";

describe("deploy.mts --check", () => {
  it("of a sound environment lists its waivers on stderr, writes nothing to stdout and ends with 0", () => {
    const { code, stdout, stderr } = deploy(["--env", "prod", "--check"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/^manifests\/services\/valkey\.ts:\d+ {2}StatefulSet prod\/valkey\n {2}- .*\n {4}latest-tag: waived until \d{4}-\d\d-\d\d: \w/);
    expect(stderr).toMatch(/ ✓ checked: 1 waived\n$/);
  });

  it("of a file needs no environment, and tells every problem with its line", () => {
    const path = file("both.yaml", `${good}---\n${bad}`);
    const { code, stdout, stderr } = deploy(["--check", path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`${path}:6  ConfigMap Bad_Name
  ✗ datta  ConfigMap has no such field (did you mean data?)
    unknown-field: correct or remove it
  ✗ metadata.name  "Bad_Name" is no ConfigMap name
    valid-name: lower case letters, digits, - and ., at most 253 characters, letter or digit at both ends

 ✗ 2 errors
   they would fail in the cluster or for its users, so nothing was changed
   → mend the lines above; what a rule is for: docs/checks.md
`);
  });

  it("waits for standard input as long as it takes, also behind npx, which makes it one that does not block", async () => {
    const slow = `(sleep 3; cat ${file("slow.yaml", good)}) | npx --no-install zx scripts/deploy.mts --check -`;
    const { code, stderr } = await run("sh", ["-c", slow]);
    expect(stderr).toBe(" ✓ checked: no problems\n");
    expect(code).toBe(0);
  });

  it("takes nothing for nothing: the command that should have written it has failed", () => {
    expect(deploy(["--check", "-"], { input: "" })).toMatchObject({ code: 1, stderr: expect.stringContaining("✗ -: nothing to check") });
  });

  it("reads standard input and several files as one application", () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {containers: [{name: a, image: 'a:1.2.3', envFrom: [{configMapRef: {name: goood}}]}]}\n";
    const { code, stderr } = deploy(["--check", file("good.yaml", good), "-"], { input: pod });
    expect(code).toBe(0);
    expect(stderr).toContain("stdin:1  Pod a\n");
    expect(stderr).toContain("there is no ConfigMap goood (did you mean good?)");
  });

  it("of a file for an environment applies its rules, too", () => {
    const path = file("tag.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: prod}\nspec: {containers: [{name: a, image: 'a:latest'}]}\n");
    expect(deploy(["--check", path]).stderr).not.toContain("latest-tag");
    const { code, stderr } = deploy(["--env", "prod", "--check", path]);
    expect(code).toBe(1);
    expect(stderr).toContain("latest-tag: use a full version");
  });

  it("--json writes one document to stdout, with the counts; the exit code stays", () => {
    const { code, stdout, stderr } = deploy(["--check", file("bad.yaml", bad), "--json"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ errors: 2, warnings: 0, waived: 0, problems: [{ rule: "unknown-field", severity: "error", path: "datta", line: 1, object: { kind: "ConfigMap", name: "Bad_Name" } }, { rule: "valid-name" }] });
    const sound = deploy(["--check", file("good.yaml", good), "--json"]);
    expect({ ...sound, stdout: JSON.parse(sound.stdout) }).toEqual({ code: 0, stderr: "", stdout: { errors: 0, warnings: 0, waived: 0, problems: [] } });
  });

  it("annotates where GitHub runs it", () => {
    const path = file("bad.yaml", bad);
    expect(deploy(["--check", path], { env: { GITHUB_ACTIONS: "true" } }).stderr).toContain(`::error file=${path},line=1,title=unknown-field in ConfigMap Bad_Name::datta: ConfigMap has no such field (did you mean data?); correct or remove it\n`);
  });

  it("of a file that is not there, or can't be read, says so", () => {
    expect(deploy(["--check", join(folder, "none.yaml")])).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^ ✗ can't read .*none\.yaml\n {3}there is no such file\n/) });
    expect(deploy(["--check", "-"], { input: "a: [" })).toMatchObject({ code: 1, stderr: expect.stringMatching(/^stdin:\d+\n {2}✗ can't be read as YAML/) });
  });
});

it("--print of an environment with an error writes no YAML that could be applied", () => {
  const copy = join(folder, "copy");
  copyCheckout(copy);
  symlinkSync(join(process.cwd(), "node_modules"), join(copy, "node_modules"));
  const path = join(copy, "manifests/ingress.ts");
  writeFileSync(path, readFileSync(path, "utf8").replace('port: { name: "http" }', 'port: { name: "web" }'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "scripts/deploy.mts", "--env", "dev", "--print"], { cwd: copy, encoding: "utf8", env: shellEnvironment() });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/manifests\/ingress\.ts:\d+ {2}Ingress dev\/web\n {2}✗ spec\.rules\[0\].*Service landing-page has no port web.*dangling-ingress/s);
});
