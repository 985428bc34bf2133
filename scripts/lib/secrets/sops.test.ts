import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { UserError } from "../errors.ts";
import { $ } from "../shell.ts";
import { decrypt } from "./sops.ts";

const here = fileURLToPath(import.meta.url);
const errorOf = (promise: Promise<unknown>) => promise.then(() => expect.unreachable(), (error: UserError) => error);

describe("around sops", () => {
  it("no file: the error says how to make one", async () => {
    const error = await errorOf(decrypt(fakeShell([]).$, "/no/such/file.yaml", "secrets/prod.yaml"));
    expect([error.message, error.next]).toEqual(["there is no secrets/prod.yaml", "sops edit secrets/prod.yaml   makes it (docs/production.md)"]);
  });

  it("sops is not installed", async () => {
    expect((await errorOf(decrypt(fakeShell([]).$, here, "secrets/prod.yaml"))).message).toBe("sops is missing");
  });

  it("numbers and booleans are refused: YAML has changed them already", async () => {
    const { $ } = fakeShell([["sops decrypt", `{"A":"text","B":123,"C":true,"D":{"E":"canary"},"F":["canary"],"G":null}`]]);
    const error = await errorOf(decrypt($, here, "secrets/prod.yaml"));
    expect(error.why).toBe("B is a number\nC is a boolean\nD is an object\nF is a list\nG is empty");
  });

  it("what can't be read is not quoted", async () => {
    const error = await errorOf(decrypt(fakeShell([["sops decrypt", "canary"]]).$, here, "secrets/prod.yaml"));
    expect(`${error.message} ${error.why} ${error.next}`).not.toContain("canary");
  });
});

const missing = ["sops", "age-keygen"].filter((tool) => spawnSync(tool, ["--version"]).error);
describe.skipIf(missing.length > 0)(`with the real sops and age${missing.length > 0 ? ` (not installed: ${missing.join(", ")})` : ""}`, () => {
  let folder: string;
  let encrypted: string;
  const value = " grüße\t'\"\\$(X) #日本🔑\nthe end ";
  const environment = { ...process.env };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sops-"));
    const key = join(folder, "key.txt");
    spawnSync("age-keygen", ["-o", key]);
    const recipient = /public key: (\S+)/.exec(readFileSync(key, "utf8"))![1]!;
    encrypted = join(folder, "prod.json");
    const { stdout, stderr, status } = spawnSync("sops", ["encrypt", "--age", recipient, "--filename-override", "prod.json"], {
      input: JSON.stringify({ A: value, B: "0123" }),
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    writeFileSync(encrypted, stdout);
    process.env["SOPS_AGE_KEY_FILE"] = key;
  });
  afterAll(() => {
    process.env = environment;
    rmSync(folder, { recursive: true });
  });

  it("values come out as they went in, and nothing decrypted lies in a file", async () => {
    expect(readFileSync(encrypted, "utf8")).not.toContain("the end");
    expect(await decrypt($, encrypted, "prod.json")).toEqual({ A: value, B: "0123" });
    expect(readdirSync(folder).sort()).toEqual(["key.txt", "prod.json"]);
  });

  it("without the key the error names the file and how to give a key", async () => {
    process.env["SOPS_AGE_KEY_FILE"] = join(folder, "none");
    const error = await errorOf(decrypt($, encrypted, "secrets/prod.json"));
    process.env["SOPS_AGE_KEY_FILE"] = join(folder, "key.txt");
    expect(error.message).toBe("sops can't decrypt secrets/prod.json");
    expect(error.why).toContain("no such file or directory");
    expect(error.next).toContain("SOPS_AGE_KEY_FILE=");
  });

  it("a file that somebody forgot to encrypt is refused: its values are in git", async () => {
    const plain = join(folder, "plain.yaml");
    writeFileSync(plain, "A: canary\n");
    const error = await errorOf(decrypt($, plain, "secrets/prod.yaml"));
    expect(error.message).toBe("secrets/prod.yaml is not encrypted");
    expect(`${error.why} ${error.next}`).not.toContain("canary");
  });

  it("a file that was changed by hand is refused", async () => {
    const file = JSON.parse(readFileSync(encrypted, "utf8"));
    const tampered = join(folder, "tampered.json");
    writeFileSync(tampered, JSON.stringify({ ...file, B: file.A }));
    expect((await errorOf(decrypt($, tampered, "secrets/prod.json"))).message).toBe("sops can't decrypt secrets/prod.json");
  });
});
