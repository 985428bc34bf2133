import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { afterAll, describe, expect, it } from "vitest";
import { environments } from "../../manifests/environments/index.ts";
import { has, run, shellEnvironment } from "../child.ts";

const home = mkdtempSync(join(tmpdir(), "deploy-script-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Node reads TypeScript by itself from 22.18 on. */
const loader = "typescript" in process.features && process.features.typescript ? [] : ["--import", "tsx"];
const deploy = (line: string, env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, [...loader, "scripts/deploy.mts", ...line.split(" ").filter(Boolean)], { env: shellEnvironment({ HOME: home, KUBECONFIG: join(home, "kubeconfig"), FORCE_COLOR: undefined, ...env }) });

describe("--print", () => {
  it.each(Object.keys(environments))("writes %s as YAML and nothing else, with neither cluster nor Docker", async (name) => {
    const { code, stdout, stderr } = await deploy(`--env ${name} --print`, { PATH: "/nowhere" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(readFileSync(`tests/golden/${name}.yaml`, "utf8"));
    expect(loadAll(stdout).length).toBeGreaterThan(10);
  });

  it("ends quietly when nobody reads on", async () => {
    const { code, stderr } = await run("sh", ["-c", `${process.execPath} ${loader.join(" ")} scripts/deploy.mts --env prod --print | head -1`], { env: shellEnvironment({ FORCE_COLOR: undefined }) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

it("--images lists what Tilt builds, each once, as JSON", async () => {
  const images = JSON.parse((await deploy("--env dev --images")).stdout) as { image: string; folder: string; target: string }[];
  expect(images).toContainEqual({ image: "127.0.0.1:5001/backend-trpc", folder: "backend-trpc", target: "development" });
  expect(JSON.parse((await deploy("--env prod --images")).stdout)).toContainEqual(expect.objectContaining({ folder: "backend-trpc", target: "production" }));
});

it("--help names every mode", async () => {
  const { code, stdout } = await deploy("--help");
  expect(code).toBe(0);
  for (const flag of ["--print", "--plan", "--apply", "--history", "--rollback", "--check-drift", "--delete", "--json"]) expect(stdout).toContain(flag);
});

describe("says in one breath what is wrong and what to type, and changes nothing:", () => {
  it.each([
    ["an unknown environment", "--env prodd", 2, ['unknown environment "prodd"', "known are local, dev, staging, prod", "--env prod"]],
    ["no environment", "", 2, ["which environment?"]],
    ["an unknown flag", "--env dev --dry-run", 2, ["unknown flag --dry-run"]],
    ["an environment without a cluster", "--env local", 1, ["local runs as processes of this machine", "npm start"]],
    ["a file that is no plan", "--apply package.json", 1, ["package.json is not a saved plan"]],
    ["a plan that is not there", "--apply nowhere.json", 1, ["nowhere.json is not a saved plan"]],
  ])("%s", (_, line, exitCode, words) => expectComplaint(line, exitCode, words));

  it.skipIf(!has("kubectl")).each([
    ["no cluster yet", "--env dev", ["no context kind-dev in your kubeconfig", "npm run setup"]],
    ["a production context that this machine does not know", "--env prod --plan", ["no context prod in your kubeconfig", "kubectl config get-contexts"]],
  ])("%s (needs kubectl)", (_, line, words) => expectComplaint(line, 1, words));

  async function expectComplaint(line: string, exitCode: number, words: readonly string[]) {
    const { code, stdout, stderr } = await deploy(line);
    expect(stdout).toBe("");
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(exitCode);
  }
});

it("says that kubectl is not installed", async () => {
  const programs = join(home, "programs");
  mkdirSync(programs);
  for (const name of ["bash", "sh"]) symlinkSync(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), join(programs, name));
  const { code, stderr } = await deploy("--env dev", { PATH: programs });
  expect(stderr).toContain("kubectl is not installed");
  expect(code).toBe(1);
});

it.skipIf(!has("kubectl"))("says that the cluster does not answer, and how to see that without the script (needs kubectl)", async () => {
  const file = join(home, "down");
  const config = { apiVersion: "v1", kind: "Config", clusters: [{ name: "a", cluster: { server: "http://127.0.0.1:9" } }], users: [{ name: "a", user: {} }], contexts: [{ name: "kind-dev", context: { cluster: "a", user: "a" } }] };
  writeFileSync(file, JSON.stringify(config));
  const { code, stderr } = await deploy("--env dev", { KUBECONFIG: file });
  expect(stderr).toContain("the cluster of context kind-dev does not answer");
  expect(stderr).toContain("connection refused");
  expect(stderr).toContain("kubectl --context kind-dev get --raw /version");
  expect(code).toBe(1);
});
