import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { has } from "../../tests/child.ts";
import { fakeShell } from "../../tests/fake-shell.ts";
import { certificatePath, ensureAuthority, replaceAuthority } from "./ca.ts";
import { $ } from "./shell.ts";
import { allStores, asRoot, certificatesOf, changeTrust, trustedCertificate, trustStatus, type Machine, type TrustedCertificate } from "./trust.ts";
import { listed } from "./trust/nss.ts";
import type { Kind, Store } from "./trust/store.ts";

/** A small machine in a folder: its files, its home, its PATH, nothing of this one's. */
let files: string;
let ours: TrustedCertificate;
let others: TrustedCertificate;
const home = () => join(files, "home/ada b");
const authority = () => join(home(), "authority");

beforeEach(async () => {
  files = mkdtempSync(join(tmpdir(), "machine-"));
  mkdirSync(join(files, "bin"), { recursive: true });
  for (const folder of [authority(), join(home(), "other")]) await ensureAuthority(folder);
  ours = certificatesOf(authority()).current!;
  others = trustedCertificate(certificatePath(join(home(), "other")));
});
afterEach(() => rmSync(files, { recursive: true, force: true }));

const write = (path: string, text = "", mode = 0o644) => {
  mkdirSync(dirname(join(files, path)), { recursive: true });
  writeFileSync(join(files, path), text, { mode });
};
const install = (...programs: string[]) => programs.forEach((name) => write(`bin/${name}`, "#!/bin/sh\n", 0o755));
const machine = (changes: Partial<Machine> = {}): Machine => ({
  $: fakeShell([]).$,
  platform: "linux",
  env: { PATH: join(files, "bin") },
  home: home(),
  root: false,
  files,
  ...changes,
});
const storesOf = (on: Machine, kind: Kind) => allStores(on, [kind]);
const storeOf = (on: Machine, kind: Kind) => storesOf(on, kind)[0] as Store;

describe("the store of a Linux system", () => {
  const anchors = "usr/local/share/ca-certificates";
  const bundle = "etc/ssl/certs/ca-certificates.crt";
  const debian = () => {
    install("update-ca-certificates");
    write(bundle, others.pem);
    write(`${anchors}/company.crt`, others.pem);
  };
  const fileName = () => `typescript-kubernetes-starter-${ours.fingerprint.replaceAll(":", "").slice(0, 16).toLowerCase()}`;

  it.each([
    ["Debian", "usr/local/share/ca-certificates", "crt", "update-ca-certificates", "update-ca-certificates"],
    ["Fedora", "etc/pki/ca-trust/source/anchors", "pem", "update-ca-trust", "update-ca-trust extract"],
    ["Arch", "etc/ca-certificates/trust-source/anchors", "pem", "update-ca-trust", "update-ca-trust"],
    ["openSUSE", "etc/pki/trust/anchors", "pem", "update-ca-certificates", "update-ca-certificates"],
  ])("of %s is left to one command for root", async (name, folder, extension, program, update) => {
    install(program);
    write(`${folder}/.keep`);
    const { $, calls } = fakeShell([]);
    const on = machine({ $ });
    const outcome = await changeTrust(on, storeOf(on, "system"), ours, []);
    expect(outcome).toMatchObject({ state: "left", name: expect.stringContaining(name) });
    const words = `install -m 644 '${ours.path}' ${files}/${folder}/${fileName()}.${extension} && ${update}`;
    expect(asRoot([outcome])).toBe(`sudo sh -c '${words.replaceAll("'", `'\\''`)}'`);
    expect(calls).toEqual([]); // and nothing was run
  });

  it("is changed by root itself, and looked at again", async () => {
    debian();
    const { $, calls } = fakeShell([["install", ""], ["update-ca-certificates", () => (write(bundle, others.pem + ours.pem), "")]]);
    const on = machine({ $, root: true });
    expect(await changeTrust(on, storeOf(on, "system"), ours, [])).toMatchObject({ state: "changed" });
    expect(calls).toHaveLength(2);
    expect(await changeTrust(on, storeOf(on, "system"), ours, [])).toMatchObject({ state: "already" });
    expect(calls).toHaveLength(2);
  });

  it("is not said to trust it when the commands ran without effect", async () => {
    debian();
    const { $ } = fakeShell([[/./, ""]]);
    const on = machine({ $, root: true });
    expect(await changeTrust(on, storeOf(on, "system"), ours, [])).toMatchObject({ state: "failed", why: expect.stringContaining("without effect") });
  });

  it("shows what a failing command said", async () => {
    debian();
    const { $ } = fakeShell([["install", { exitCode: 1, stderr: "install: No space left on device" }]]);
    const on = machine({ $, root: true });
    expect((await changeTrust(on, storeOf(on, "system"), ours, [])).why).toMatch(/^install -m 644 .*: install: No space left on device$/);
  });

  it("loses only our certificate, whatever its file is called, never a company's", async () => {
    debian();
    write(bundle, others.pem + ours.pem);
    write(`${anchors}/by-hand.crt`, ours.pem.replaceAll("\n", "\r\n"));
    write(`${anchors}/both.crt`, ours.pem + others.pem);
    const on = machine();
    const outcome = await changeTrust(on, storeOf(on, "system"), undefined, [ours]);
    expect(asRoot([outcome])).toBe(`sudo sh -c 'rm -f ${files}/${anchors}/by-hand.crt && update-ca-certificates --fresh'`);
  });

  it("forgets it for Java as well, which Debian doesn't by itself", async () => {
    debian();
    write(bundle, ours.pem);
    write(`${anchors}/ours.crt`, ours.pem);
    write("etc/ca-certificates/update.d/jks-keystore", "", 0o755);
    const on = machine();
    expect(asRoot([await changeTrust(on, storeOf(on, "system"), undefined, [ours])])).toContain("echo -/etc/ssl/certs/ours.pem | ");
  });

  it("takes a new CA for the old in one go", async () => {
    debian();
    const old = ours;
    write(bundle, old.pem);
    write(`${anchors}/${fileName()}.crt`, old.pem);
    await replaceAuthority(authority());
    const { current, replaced } = certificatesOf(authority());
    expect(replaced.map(({ fingerprint }) => fingerprint)).toEqual([old.fingerprint]);
    const on = machine();
    const command = asRoot([await changeTrust(on, storeOf(on, "system"), current, replaced)])!;
    expect(command).toMatch(/rm -f .* && update-ca-certificates --fresh && install .* && update-ca-certificates'$/);
    expect(await trustStatus(storesOf(on, "system"), current, replaced)).toMatchObject([{ state: "not trusted", replaced: [old.name] }]);
  });

  it("is said not to be there where it isn't", async () => {
    expect(storesOf(machine(), "system")).toEqual([expect.objectContaining({ absent: expect.stringContaining("ca-certificates") })]);
  });
});

describe("the store of macOS", () => {
  const found = ({ fingerprint }: TrustedCertificate) => `SHA-256 hash: ${fingerprint.replaceAll(":", "")}\nSHA-1 hash: 12\nkeychain: "login"\n`;
  const settings = ({ name }: TrustedCertificate) => `Number of trusted certs = 1\nCert 0: ${name}\n   Number of trust settings : 2\n`;
  const keychain = (state: { holds?: TrustedCertificate; trusts?: TrustedCertificate }, onTrust = () => {}) =>
    fakeShell([
      ["security find-certificate", () => (state.holds ? found(state.holds) : { exitCode: 44, stderr: "could not be found" })],
      ["security dump-trust-settings -d", { exitCode: 1, stderr: "No Trust Settings were found." }],
      ["security dump-trust-settings", () => (state.trusts ? settings(state.trusts) : { exitCode: 1, stderr: "No Trust Settings were found." })],
      ["security add-trusted-cert", () => (onTrust(), "")],
    ]);

  it("is the user's keychain, which needs no root", async () => {
    const state: Parameters<typeof keychain>[0] = {};
    const { $, calls } = keychain(state, () => Object.assign(state, { holds: ours, trusts: ours }));
    const on = machine({ $, platform: "darwin" });
    expect(await changeTrust(on, storeOf(on, "system"), ours, [])).toMatchObject({ state: "changed" });
    expect(calls).toContain(`security add-trusted-cert -r trustRoot -p ssl -p basic -k ${home()}/Library/Keychains/login.keychain-db ${ours.path}`);
  });

  it("doesn't count another CA, nor ours when it is there and not trusted", async () => {
    const trusts = (state: Parameters<typeof keychain>[0]) => storeOf(machine({ platform: "darwin", $: keychain(state).$ }), "system").trusts(ours);
    expect(await trusts({ holds: ours, trusts: ours })).toBe(true);
    expect(await trusts({ holds: others, trusts: others })).toBe(false);
    expect(await trusts({ holds: ours })).toBe(false);
    expect(await trusts({ trusts: ours })).toBe(false);
  });

  it("needs nothing for browsers: they read the keychain", () => {
    expect(allStores(machine({ platform: "darwin" })).map(({ kind }) => kind)).toEqual(["system", "node"]);
  });
});

describe("Windows", () => {
  const answers = (has: boolean) => [[/certutil(\.exe)? -user -store/, { exitCode: has ? 0 : 1 }], ["wslpath -w", "\\\\wsl.localhost\\Debian\\ca.pem\n"]] as const;

  it("on WSL is asked too, for the browser is there, with a path that Windows understands", async () => {
    install("certutil.exe");
    const { $, calls } = fakeShell([...answers(false), ["certutil.exe -user -addstore", { exitCode: 1, stdout: "the user said no" }]]);
    const on = machine({ $, env: { PATH: join(files, "bin"), WSL_DISTRO_NAME: "Debian" } });
    expect(allStores(on).map(({ kind }) => kind)).toEqual(["system", "windows", "chromium", "firefox", "node"]);
    expect(await changeTrust(on, storeOf(on, "windows"), ours, [])).toMatchObject({ state: "failed", why: expect.stringContaining("the user said no") });
    expect(calls.at(-1)).toBe("certutil.exe -user -addstore Root \\\\wsl.localhost\\Debian\\ca.pem");
  });

  it("can't be reached from WSL when its programs are kept out: said, not failed", async () => {
    const on = machine({ env: { PATH: join(files, "bin"), WSL_DISTRO_NAME: "Debian" } });
    expect(await changeTrust(on, storesOf(on, "windows")[0]!, ours, [])).toMatchObject({ state: "absent", why: expect.stringContaining("WSL") });
  });

  it("by itself has one store, and forgets by the certificate's own number", async () => {
    const { $, calls } = fakeShell([...answers(true), [/./, ""]]);
    const on = machine({ $, platform: "win32" });
    await changeTrust(on, storeOf(on, "windows"), undefined, [ours]);
    expect(calls).toContain(`certutil -user -delstore Root ${ours.thumbprint}`);
    expect(ours.thumbprint).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe("browsers on Linux", () => {
  const names = (on: Machine, kind: Kind) => storesOf(on, kind).map((store) => ("absent" in store ? "absent" : store.name));

  it("are found where packages, Snap and Flatpak put them, old places and new", () => {
    for (const folder of [
      ".pki/nssdb",
      ".local/share/pki/nssdb",
      "snap/chromium/current/.pki/nssdb",
      ".var/app/com.google.Chrome/.pki/nssdb",
      ".mozilla/firefox/ab12.default-release",
      ".config/mozilla/firefox/cd34.default",
      "snap/firefox/common/.mozilla/firefox/ef56.default",
      ".var/app/org.mozilla.firefox/.mozilla/firefox/gh78.default",
    ])
      write(`home/ada b/${folder}/cert9.db`);
    write("home/ada b/.mozilla/firefox/profiles.ini");
    expect(names(machine(), "chromium")).toHaveLength(4);
    expect(names(machine(), "firefox").map((name) => /(\w+)\.default/.exec(name)?.[1])).toEqual(["ab12", "cd34", "ef56", "gh78"]);
  });

  it("that were never started: Chromium's database is made, Firefox's profile can't be", () => {
    expect(names(machine(), "chromium")).toEqual(["absent"]);
    install("google-chrome");
    expect(names(machine(), "chromium")).toEqual(["Chromium's family (~/.pki/nssdb)"]);
    expect(names(machine(), "firefox")).toEqual(["absent"]);
  });

  it.each([
    ["apt-get", "sudo apt-get install libnss3-tools"],
    ["dnf", "sudo dnf install nss-tools"],
    ["pacman", "sudo pacman -S nss"],
  ])("need certutil: without it the package is named (%s)", async (manager, command) => {
    install(manager);
    write("home/ada b/.pki/nssdb/cert9.db");
    const on = machine();
    expect(await changeTrust(on, storeOf(on, "chromium"), ours, [])).toMatchObject({ state: "left", command });
    expect(await trustStatus(storesOf(on, "chromium"), ours, [])).toMatchObject([{ state: "unknown", why: "certutil is missing" }]);
  });

  it("are read from certutil's table, names with spaces and brackets too", () => {
    const table = "\nCertificate Nickname                 Trust Attributes\n                                     SSL,S/MIME,JAR/XPI\n\nLocal CA of ada@laptop (3f2a9c1e)    C,,  \nSome Corp, Root  1                   CT,C,c\nmine                                 u,u,u\n";
    expect(listed(table)).toEqual([
      { nickname: "Local CA of ada@laptop (3f2a9c1e)", trust: "C" },
      { nickname: "Some Corp, Root  1", trust: "CT" },
      { nickname: "mine", trust: "u" },
    ]);
  });
});

describe.skipIf(!has("certutil") || process.platform !== "linux")("a real NSS database (needs certutil of libnss3-tools)", () => {
  const real = () => machine({ $, env: { PATH: process.env["PATH"] } });
  const firefox = () => join(home(), ".mozilla/firefox/ä b.default");
  const certutil = (...args: string[]) => execFileSync("certutil", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const makeProfile = (...password: string[]) => {
    mkdirSync(firefox(), { recursive: true });
    certutil("-N", "-d", `sql:${firefox()}`, ...password);
  };
  const entries = () => listed(certutil("-L", "-d", `sql:${firefox()}`));

  it("trusts it for servers, says so the second time, loses it and keeps the others", async () => {
    makeProfile("--empty-password");
    certutil("-A", "-d", `sql:${firefox()}`, "-t", "C,,", "-n", "Company", "-i", others.path);
    const on = real();
    const store = storeOf(on, "firefox");
    expect(await changeTrust(on, store, ours, [])).toMatchObject({ state: "changed" });
    expect(entries()).toContainEqual({ nickname: ours.name, trust: "C" });
    expect(await changeTrust(on, store, ours, [])).toMatchObject({ state: "already" });
    expect(await changeTrust(on, store, undefined, [ours])).toMatchObject({ state: "changed" });
    expect(entries()).toEqual([{ nickname: "Company", trust: "C" }]);
    expect(await changeTrust(on, store, undefined, [ours])).toMatchObject({ state: "already" });
  });

  it("that somebody took the trust from is mended", async () => {
    makeProfile("--empty-password");
    const on = real();
    const store = storeOf(on, "firefox");
    await changeTrust(on, store, ours, []);
    certutil("-M", "-d", `sql:${firefox()}`, "-n", ours.name, "-t", ",,");
    expect(await store.trusts(ours)).toBe(false);
    expect(await changeTrust(on, store, ours, [])).toMatchObject({ state: "changed" });
  });

  it("with a primary password is left to its owner, and nobody is kept waiting for one", async () => {
    const password = join(files, "password");
    writeFileSync(password, "secret of the owner\n");
    makeProfile("-f", password);
    const on = real();
    // At a terminal certutil would ask, were it not given an empty password.
    expect((await storeOf(on, "firefox").trust(ours)).at(-1)!.slice(-2)).toEqual(["-f", "/dev/null"]);
    const outcome = await changeTrust(on, storeOf(on, "firefox"), ours, []);
    expect(outcome).toMatchObject({ state: "left", why: expect.stringContaining("primary password") });
    // What is shown works once the password is typed.
    execFileSync("sh", ["-c", `${outcome.command} -f ${password}`]);
    expect(await storeOf(on, "firefox").trusts(ours)).toBe(true);
  });

  it("of a Chromium that was never started is made, closed to others", async () => {
    install("chromium");
    const on = machine({ $, env: { PATH: `${join(files, "bin")}:${process.env["PATH"]}` } });
    expect(await changeTrust(on, storeOf(on, "chromium"), ours, [])).toMatchObject({ state: "changed" });
    expect(readdirSync(join(home(), ".pki/nssdb"))).toContain("cert9.db");
    expect(await storeOf(on, "chromium").trusts(others)).toBe(false);
  });

  it("that can't be written to fails with certutil's words", async () => {
    makeProfile("--empty-password");
    writeFileSync(join(firefox(), "cert9.db"), "not a database");
    const on = real();
    expect(await changeTrust(on, storeOf(on, "firefox"), ours, [])).toMatchObject({ state: "failed", why: expect.stringMatching(/^certutil -A .*SEC_ERROR/s) });
  });
});

describe("Node", () => {
  const command = async (set?: string) => (await changeTrust(machine(), storeOf(machine({ env: { NODE_EXTRA_CA_CERTS: set } }), "node"), ours, [])).command;

  it("is given a line that a shell can read", async () => {
    const line = await command();
    expect(line).toBe(`export NODE_EXTRA_CA_CERTS='${ours.path}'`);
    expect(execFileSync("sh", ["-c", `${line}; printf %s "$NODE_EXTRA_CA_CERTS"`], { encoding: "utf8" })).toBe(ours.path);
  });

  it("keeps the company's CA that the variable names already", async () => {
    const both = execFileSync("sh", ["-c", `${await command(others.path)}; cat "$NODE_EXTRA_CA_CERTS"`], { encoding: "utf8" });
    expect(both).toBe(others.pem + ours.pem);
    expect(readFileSync(others.path, "utf8")).toBe(others.pem);
    // Once it is set so, there is nothing more to do.
    expect(await command(join(authority(), "node-extra-ca-certs.pem"))).toBeUndefined();
  });
});

it("looks without changing anything, and goes on where a store can't be read", async () => {
  install("update-ca-certificates", "certutil", "chromium");
  write("usr/local/share/ca-certificates/.keep");
  write("home/ada b/.pki/nssdb/cert9.db");
  const { $, calls } = fakeShell([["certutil -L", { exitCode: 255, stderr: "SEC_ERROR_BAD_DATABASE" }]]);
  const states = await trustStatus(allStores(machine({ $ })), ours, []);
  expect(states.map(({ kind, state }) => `${kind}: ${state}`)).toEqual(["system: not trusted", "chromium: not trusted", "firefox: absent", "node: not trusted"]);
  expect(calls.every((call) => call.startsWith("certutil -L"))).toBe(true);
});

it("knows a CA that was replaced as long as its certificate is there, damaged files aside", async () => {
  await replaceAuthority(authority());
  chmodSync(authority(), 0o700);
  writeFileSync(join(authority(), `replaced-${"0".repeat(64)}.pem`), "junk");
  expect(certificatesOf(authority()).replaced.map(({ name }) => name)).toEqual([ours.name]);
  expect(certificatesOf(join(files, "nowhere"))).toEqual({ current: undefined, replaced: [] });
});
