import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Environment } from "../../manifests/environment.ts";
import { dev } from "../../manifests/environments/dev.ts";
import { local } from "../../manifests/environments/local.ts";
import { prod } from "../../manifests/environments/prod.ts";
import type { Declarations } from "../../manifests/secrets.ts";
import { fakeShell } from "../../tests/fake-shell.ts";
import type { UserError } from "./errors.ts";
import { secretValues } from "./secrets.ts";

const declarations: Declarations = {
  A_PASSWORD: { what: "made up", usedBy: ["valkey", "backend"], randomInDevelopment: true },
  A_TOKEN: { what: "of somebody else", usedBy: ["backend"], environments: ["prod"] },
  TRACING: { what: "for traces", usedBy: ["backend"], optional: true },
};
const { $ } = fakeShell([["sops decrypt", `{"A_PASSWORD":"from sops","A_TOKEN":"token"}`]]);
let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-"));
  said = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (environment: Environment, env: NodeJS.ProcessEnv = {}) => secretValues($, environment, { env, folder, declarations });
const errorOf = (promise: Promise<unknown>) => promise.then(() => expect.unreachable(), (error: UserError) => error);
const file = () => readFileSync(join(folder, ".env"), "utf8");

it("the first start in development needs no file: a random value is made up, kept, and said without being shown", async () => {
  const first = await read(local);
  expect(first["A_PASSWORD"]).toMatch(/^development-[0-9a-f]{32}$/);
  expect(said.join("\n")).toContain("A_PASSWORD made up for development, in .env");
  expect(said.join("\n")).not.toContain(first["A_PASSWORD"]);
  said = [];
  expect(await read(dev)).toEqual(first);
  expect(said).toEqual([]);
});

it("a copy of .env.example works in development: what is empty counts as missing", async () => {
  writeFileSync(join(folder, ".env"), "A_PASSWORD=\n");
  const { A_PASSWORD } = await read(dev);
  expect(file()).toBe(`A_PASSWORD=\nA_PASSWORD=${A_PASSWORD}\n`);
});

it("a placeholder in development is an error, and the file stays as it was", async () => {
  writeFileSync(join(folder, ".env"), "A_PASSWORD=changeme\n");
  const error = await errorOf(read(dev));
  expect(error.why).toBe("A_PASSWORD  is a placeholder: made up, for valkey and backend\nexpected in the file .env");
  expect(file()).toBe("A_PASSWORD=changeme\n");
});

it("nothing is made up for users", async () => {
  const error = await errorOf(read({ ...prod, secrets: { from: "dotenv", file: ".env" } }));
  expect(error.message).toBe("2 secrets of prod can't be used");
  expect(error.why).toContain("A_PASSWORD  is missing");
  expect(() => file()).toThrow("ENOENT");
});

it.each<[string, Environment["secrets"], NodeJS.ProcessEnv, string]>([
  ["the environment", { from: "environment" }, { A_PASSWORD: "from env", A_TOKEN: "token", PATH: "/bin" }, "from env"],
  ["a dotenv file", { from: "dotenv", file: ".env.prod" }, { A_PASSWORD: "ignored" }, "from file"],
  ["SOPS", { from: "sops", file: "prod.yaml" }, { A_PASSWORD: "ignored" }, "from sops"],
])("one line switches to %s: only what is declared is taken, and only from there", async (_, secrets, env, expected) => {
  writeFileSync(join(folder, ".env.prod"), `A_PASSWORD="from file"\nA_TOKEN=token\nOTHER=1\n`);
  writeFileSync(join(folder, "prod.yaml"), "");
  expect(await read({ ...prod, secrets }, env)).toEqual({ A_PASSWORD: expected, A_TOKEN: "token" });
});

it("the External Secrets Operator needs no values from here, and a cluster", async () => {
  const secrets = { from: "externalSecrets", store: { kind: "SecretStore", name: "team" }, path: "shop" } as const;
  expect(await read({ ...prod, secrets })).toEqual({});
  expect((await errorOf(read({ ...local, secrets }))).next).toContain(`secrets: { from: "dotenv", file: ".env" }`);
});

it("a secret of another environment is not asked for", async () => {
  writeFileSync(join(folder, ".env"), "A_PASSWORD=abcdefgh\n");
  expect(await read(dev)).toEqual({ A_PASSWORD: "abcdefgh" });
});
