import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeAuthorityCertificate } from "../../scripts/lib/x509.ts";
import { has, run, shellEnvironment } from "../child.ts";

// The system's store is never among the stores here: as root, which a container's user often is, it would be changed.
const browsers = ["--only", "chromium,node"];

let home: string;
let folder: string;
const printed: string[] = [];
/** Node reads TypeScript by itself from 22.18 on. */
const loader = "typescript" in process.features && process.features.typescript ? [] : ["--import", "tsx"];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "home ü-"));
  folder = join(home, ".local/share/typescript-kubernetes-starter");
});
afterEach(() => {
  const key = existsSync(join(folder, "ca-key.pem")) ? readFileSync(join(folder, "ca-key.pem"), "utf8").split("\n")[1]! : "-----BEGIN PRIVATE";
  rmSync(home, { recursive: true, force: true });
  // Whatever a test asked for, the key is in no output.
  expect(printed.splice(0).join("\n")).not.toContain(key);
});

async function certs(args: string[], env: NodeJS.ProcessEnv = {}) {
  const cleared = Object.fromEntries(["LOCAL_CA_FOLDER", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "NODE_EXTRA_CA_CERTS", "SUDO_USER", "WSL_DISTRO_NAME", "FORCE_COLOR"].map((name) => [name, undefined]));
  const result = await run(process.execPath, [...loader, "scripts/certs.mts", ...args], { env: shellEnvironment({ ...cleared, HOME: home, ...env }) });
  printed.push(result.stdout, result.stderr);
  return result;
}
const fingerprint = () => new X509Certificate(readFileSync(join(folder, "ca.pem"))).fingerprint256;

describe("certs.mts create", () => {
  it("makes the CA once, says where, and what to type next", async () => {
    const first = await certs(["create"]);
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr).toBe(` ✓ local CA made in ${folder}\n   → have browsers trust it: npx zx scripts/certs.mts trust\n`);
    expect(statSync(join(folder, "ca-key.pem")).mode & 0o777).toBe(0o600);
    const made = fingerprint();
    expect(await certs(["create"])).toEqual({ code: 0, stdout: "", stderr: ` ✓ local CA already there, in ${folder}\n` });
    expect(fingerprint()).toBe(made);
  });

  it("typed in three terminals at once ends with one CA", async () => {
    const results = await Promise.all([certs(["create"]), certs(["create"]), certs(["create"])]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.filter(({ stderr }) => stderr.includes("made in"))).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(["ca-key.pem", "ca.pem"]);
  });

  it("puts a new one in an expired one's place only when told to", async () => {
    await certs(["create"]);
    const key = readFileSync(join(folder, "ca-key.pem"), "utf8");
    writeFileSync(join(folder, "ca.pem"), await makeAuthorityCertificate(key, new Date(Date.now() - 6 * 365 * 86_400_000)));
    for (const command of ["create", "trust", "status"]) {
      const refused = await certs([command, ...(command === "create" ? [] : browsers)]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/it expired on \d{4}-\d\d-\d\d\n   → make a new one: npx zx scripts\/certs\.mts create --replace\n$/);
    }
    expect((await certs(["create", "--replace"])).code).toBe(0);
    expect((await certs(["create"])).stderr).toContain("already there");
  });

  it("doesn't make root's own under sudo", async () => {
    const refused = await certs(["create"], { SUDO_USER: "ada" });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("without sudo") });
    expect(existsSync(folder)).toBe(false);
  });
});

describe("certs.mts status", () => {
  it("without a CA says so and makes none", async () => {
    const { code, stdout, stderr } = await certs(["status", ...browsers]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(` ! no local CA in ${folder}`);
    expect(existsSync(folder)).toBe(false);
  });

  it("tells folder, fingerprint, expiry and what the CA may vouch for", async () => {
    await certs(["create"]);
    const { code, stderr } = await certs(["status", ...browsers]);
    expect(code).toBe(0);
    expect(stderr).toContain(folder);
    expect(stderr).toContain(fingerprint());
    expect(stderr).toMatch(/expires      20\d\d-\d\d-\d\d, in 1824 days/);
    expect(stderr).toContain("vouches for  localhost, 127.0.0.0/8, ::1/128");
  });

  it("gives scripts the same as JSON, and nothing else on stdout", async () => {
    expect(JSON.parse((await certs(["status", "--json", ...browsers])).stdout)).toMatchObject({ folder, authority: null });
    await certs(["create"]);
    const { stdout, stderr } = await certs(["status", "--json", ...browsers]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      folder,
      authority: { fingerprint: fingerprint(), permitted: ["localhost", "127.0.0.0/8", "::1/128"] },
      stores: [{ kind: "chromium" }, { kind: "node", state: "not trusted" }],
    });
    writeFileSync(join(folder, "ca.pem"), "junk");
    const broken = await certs(["status", "--json", ...browsers]);
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ authority: null, problem: expect.stringContaining("can't be used") });
  });
});

describe("certs.mts trust and untrust", () => {
  it("make the CA when there is none; stdout is the line that a shell evaluates for Node, and nothing else", async () => {
    const { code, stdout, stderr } = await certs(["trust", "--only", "node"]);
    expect(code).toBe(0);
    expect(stderr).toContain("local CA made in");
    expect(stdout).toBe(`export NODE_EXTRA_CA_CERTS='${folder}/ca.pem'\n`);
    const again = await certs(["trust", "--only", "node"], { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") });
    expect(again).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("already trusts it") });
  });

  it("without a CA there is nothing to take back, and that is no error", async () => {
    expect(await certs(["untrust", ...browsers])).toMatchObject({ code: 0, stdout: "" });
    expect(existsSync(folder)).toBe(false);
  });

  it.skipIf(!has("certutil"))("the whole way with a real database: trusted, already, renewed, gone (needs certutil of libnss3-tools)", async () => {
    const database = join(home, ".pki/nssdb");
    await run("mkdir", ["-p", database]);
    await run("certutil", ["-N", "-d", `sql:${database}`, "--empty-password"]);
    const entries = async () => (await run("certutil", ["-L", "-d", `sql:${database}`])).stdout;
    const only = ["--only", "chromium"];

    expect(await certs(["trust", ...only])).toMatchObject({ code: 0, stderr: expect.stringContaining("~/.pki/nssdb) trusts it now") });
    expect(await entries()).toMatch(/Local CA of .* C,,/);
    expect(await certs(["trust", ...only])).toMatchObject({ code: 0, stderr: expect.stringContaining("already trusts it") });

    const first = fingerprint();
    expect(await certs(["create", "--replace"])).toMatchObject({ code: 0, stderr: expect.stringContaining("~/.pki/nssdb) trusts the old one") });
    expect(fingerprint()).not.toBe(first);
    expect((await certs(["status", ...only])).stderr).toContain("still trusts the replaced Local CA of");
    expect((await certs(["trust", ...only])).code).toBe(0);
    expect((await entries()).match(/Local CA of/g)).toHaveLength(1);
    expect((await certs(["status", ...only])).stderr).not.toContain("replaced");

    expect(await certs(["untrust", ...only])).toMatchObject({ code: 0, stderr: expect.stringContaining("trusts it no longer") });
    expect(await entries()).not.toContain("Local CA of");
    expect(existsSync(join(folder, "ca-key.pem"))).toBe(true);
  });
});

describe("certs.mts typed wrongly", () => {
  it.each([
    [[], "which command?", "--help"],
    [["trst"], 'unknown command "trst"', "did you mean trust?"],
    [["trust", "untrust"], 'unexpected word "untrust"', "one command"],
    [["trust", "--only", "firefx"], 'unknown kind of store "firefx"', "did you mean firefox?"],
    [["trust", "--replace"], "--replace goes with create, not with trust", ""],
    [["create", "--json"], "--json goes with status, not with create", ""],
    [["status", "--jsn"], "unknown flag --jsn", "did you mean --json?"],
  ])("%j: says what is wrong and what was meant, and changes nothing", async (args, what, next) => {
    const { code, stdout, stderr } = await certs(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(what);
    expect(stderr).toContain(next);
    expect(existsSync(folder)).toBe(false);
  });

  it("explains itself with examples", async () => {
    const { code, stdout, stderr } = await certs(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of ["create", "status", "trust", "untrust"]) expect(stdout).toContain(`npx zx scripts/certs.mts ${command}`);
  });
});
