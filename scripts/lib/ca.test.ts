import { execFileSync } from "node:child_process";
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { has, run } from "../../tests/child.ts";
import {
  authorityFiles,
  authorityFolder,
  certificatePath,
  daysUntil,
  deleteAuthority,
  describeAuthority,
  ensureAuthority,
  examineAuthority,
  expiryWarning,
  issueCertificate,
  permittedNames,
  quoted,
  readAuthority,
  refuseSudo,
  replaceAuthority,
  replacedPaths,
  stillServes,
  type Authority,
} from "./ca.ts";
import { UserError } from "./errors.ts";
import { makeAuthorityCertificate, makeKey } from "./x509.ts";

const day = 86_400_000;
const later = (days: number) => new Date(Date.now() + days * day);

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "a ca ä-")), "authority");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const keyPath = () => join(folder, "ca-key.pem");
const problem = () => examineAuthority(folder).problem;
const make = async () => (await ensureAuthority(folder)).authority;

describe("the folder", () => {
  it("is the user's data folder of each system, never the repository", () => {
    const of = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform) => authorityFolder({ HOME: "/home/ada", USERPROFILE: "/users/ada", ...env }, platform);
    expect(of({}, "linux")).toBe("/home/ada/.local/share/typescript-kubernetes-starter");
    expect(of({ XDG_DATA_HOME: "/data" }, "linux")).toBe("/data/typescript-kubernetes-starter");
    expect(of({ XDG_DATA_HOME: "relative" }, "linux")).toBe("/home/ada/.local/share/typescript-kubernetes-starter");
    expect(of({}, "darwin")).toBe("/home/ada/Library/Application Support/typescript-kubernetes-starter");
    expect(of({ LOCALAPPDATA: "/users/ada/Local" }, "win32")).toBe("/users/ada/Local/typescript-kubernetes-starter");
    expect(of({ LOCAL_CA_FOLDER: "/elsewhere" }, "darwin")).toBe("/elsewhere");
  });

  it("is not root's when sudo was typed before the command", () => {
    expect(() => refuseSudo(folder, { SUDO_USER: "ada" })).toThrow(/root's own/);
    expect(() => refuseSudo(folder, { SUDO_USER: "ada", LOCAL_CA_FOLDER: folder })).not.toThrow();
    expect(() => refuseSudo(folder, {})).not.toThrow();
  });
});

describe("making the CA", () => {
  it("keeps the key from others, and the second time finds the first one's", async () => {
    const first = await ensureAuthority(folder);
    const second = await ensureAuthority(folder);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.authority).toEqual(first.authority);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(keyPath()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["ca-key.pem", "ca.pem"]);
  });

  it("ends with one CA when many ask at once", async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => ensureAuthority(folder)));
    expect(new Set(all.map(({ authority }) => authority.certificate + authority.key)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(["ca-key.pem", "ca.pem"]);
  });

  it("completes what an interrupted run left: a key without a certificate", async () => {
    const { key } = await make();
    rmSync(certificatePath(folder));
    expect(readAuthority(folder)).toBeUndefined();
    const { authority, created } = await ensureAuthority(folder);
    expect(created).toBe(true);
    expect(authority.key).toBe(key);
  });

  it("says which folder it could not write to, and how to take another", async () => {
    mkdirSync(join(folder, ".."), { recursive: true });
    writeFileSync(folder, "a file in its place");
    await expect(ensureAuthority(folder)).rejects.toMatchObject({ message: expect.stringContaining(folder), next: expect.stringContaining("LOCAL_CA_FOLDER") });
  });

  it("gives it a name that tells whose it is, unlike any other's", async () => {
    const [first, second] = [await make(), await replaceAuthority(folder)];
    const names = [first, second].map((authority) => describeAuthority(authority).name);
    expect(names[0]).toMatch(/^Local CA of .+@.+ \([0-9a-f]{8}\)$/);
    expect(names[1]).not.toBe(names[0]);
  });

  it("lasts five years, and warns in the last month only", async () => {
    const authority = await make();
    const { notBefore, notAfter } = describeAuthority(authority);
    expect(daysUntil(notAfter)).toBe(5 * 365 - 1);
    expect(notBefore.getTime()).toBeLessThan(Date.now());
    expect(expiryWarning(authority, new Date(notAfter.getTime() - 31 * day))).toBeUndefined();
    expect(expiryWarning(authority, new Date(notAfter.getTime() - 12 * day))).toContain("expires in 12 days");
  });

  it("is a CA of servers' certificates only, for localhost only, with none below it", async () => {
    const { certificate } = await make();
    const parsed = new x509.X509Certificate(certificate);
    const extension = <T extends x509.Extension>(type: new (...args: never[]) => T) => parsed.extensions.find((one) => one instanceof type) as T;
    expect(extension(x509.BasicConstraintsExtension)).toMatchObject({ critical: true, ca: true, pathLength: 0 });
    expect(extension(x509.KeyUsagesExtension)).toMatchObject({ critical: true, usages: x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign });
    expect(extension(x509.ExtendedKeyUsageExtension).usages).toEqual([x509.ExtendedKeyUsage.serverAuth]);
    expect(parsed.getExtension("2.5.29.30")?.critical).toBe(true);
    expect(await permittedNames({ certificate })).toEqual(["localhost", "127.0.0.0/8", "::1/128"]);
    expect(await parsed.verify()).toBe(true);
  });
});

describe("a CA that must not be used", () => {
  const damage = async (change: () => void) => {
    await make();
    change();
    return problem();
  };

  it("is none at all: that is no error", () => expect(readAuthority(folder)).toBeUndefined());

  it.each([
    ["its key is gone", () => rmSync(keyPath()), /ca-key\.pem is missing/],
    ["its key is damaged", () => writeFileSync(keyPath(), "-----BEGIN PRIVATE KEY-----\nAAAA", { mode: 0o600 }), /ca-key\.pem is damaged/],
    ["its certificate is damaged", () => writeFileSync(certificatePath(folder), ""), /ca\.pem is damaged/],
  ])("%s: it says so, and how to get a new one", async (_title, change, why) => {
    const error = await damage(change);
    expect(error).toMatchObject({ why: expect.stringMatching(why), next: expect.stringContaining("create --replace") });
    await expect(ensureAuthority(folder)).rejects.toThrow(UserError); // and makes none in its place by itself
  });

  it("has another CA's key", async () => {
    await make();
    writeFileSync(keyPath(), await makeKey(), { mode: 0o600 });
    expect(problem()?.why).toContain("not the key of");
  });

  it("expired, or is of the future because the clock is wrong", async () => {
    const { key } = await make();
    writeFileSync(certificatePath(folder), await makeAuthorityCertificate(key, later(-6 * 365)));
    expect(problem()?.why).toMatch(/^it expired on \d{4}-\d\d-\d\d$/);
    writeFileSync(certificatePath(folder), await makeAuthorityCertificate(key, later(2)));
    expect(problem()).toMatchObject({ why: expect.stringContaining("clock") });
  });

  it("is no CA but a server's certificate", async () => {
    const leaf = await issueCertificate(await make(), ["localhost"]);
    writeFileSync(certificatePath(folder), leaf.certificate);
    writeFileSync(keyPath(), leaf.key, { mode: 0o600 });
    expect(problem()?.why).toContain("not a certificate authority's");
  });

  it.skipIf(process.platform === "win32")("has a key that others can read: it gives the command that mends it (needs Unix modes)", async () => {
    const error = await damage(() => chmodSync(keyPath(), 0o640));
    expect(error?.next).toBe(`chmod 600 ${quoted(keyPath())}`);
    execFileSync("sh", ["-c", error!.next!]);
    expect(problem()).toBeUndefined();
  });

  it("shows nothing of the key in any error", async () => {
    const { key } = await make();
    chmodSync(keyPath(), 0o644);
    const secret = key.split("\n")[1]!;
    expect(JSON.stringify([problem(), problem()?.message, problem()?.stack])).not.toContain(secret);
  });
});

describe("a new CA in place of the old", () => {
  it("keeps the old certificate, for stores still trust it, and not its key", async () => {
    const old = await make();
    const next = await replaceAuthority(folder);
    expect(readAuthority(folder)).toEqual(next);
    expect(next.key).not.toBe(old.key);
    expect(replacedPaths(folder).map((path) => readFileSync(path, "utf8"))).toEqual([old.certificate]);
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    expect(kept.join()).not.toContain(old.key.split("\n")[1]);
  });

  it("mends one that can't be used", async () => {
    await make();
    writeFileSync(certificatePath(folder), "junk");
    await replaceAuthority(folder);
    expect(readAuthority(folder)).toBeDefined();
    expect(replacedPaths(folder)).toEqual([]);
  });

  it("goes without taking along what others put in the folder", async () => {
    await make();
    await replaceAuthority(folder);
    for (const name of ["notes.txt", "node-extra-ca-certs.pem", "ca-key.pem.0123456789ab"]) writeFileSync(join(folder, name), "half a key, or mine");
    await deleteAuthority(folder);
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
    expect(authorityFiles(folder)).toEqual([]);
    rmSync(join(folder, "notes.txt"));
    await make();
    rmSync(certificatePath(folder));
    expect(authorityFiles(folder), "a key without certificate").toEqual(["ca-key.pem"]);
    await deleteAuthority(folder);
    expect(existsSync(folder)).toBe(false);
    await deleteAuthority(folder);
  });
});

describe("a certificate that it issues", () => {
  it("is for exactly the hosts, each once", async () => {
    const { certificate } = await issueCertificate(await make(), ["dev.localhost", "127.0.0.1", "::1", "dev.localhost", "bücher.localhost", "*.x.localhost"]);
    const { subjectAltName, keyUsage } = new X509Certificate(certificate);
    expect(subjectAltName).toBe(
      "DNS:dev.localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:xn--bcher-kva.localhost, DNS:*.x.localhost",
    );
    expect(keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]); // serverAuth
  });

  it("lasts as long as asked, but neither longer than browsers allow nor than the CA", async () => {
    const authority = await make();
    const { notAfter } = describeAuthority(authority);
    const until = async (days?: number, now?: Date) => new Date(new X509Certificate((await issueCertificate(authority, ["localhost"], { days, now })).certificate).validTo);
    expect(daysUntil(await until())).toBe(89);
    expect(daysUntil(await until(398))).toBe(397);
    expect(await until(90, new Date(notAfter.getTime() - 5 * day))).toEqual(notAfter);
    await expect(issueCertificate(authority, ["localhost"], { days: 399 })).rejects.toThrow(/398/);
  });

  it.each(["example.com", "notlocalhost", "localhost.example.com", "10.0.0.1", "::2", "*.dev"])("is refused for %s before any client refuses it", async (host) => {
    await expect(issueCertificate(await make(), ["dev.localhost", host])).rejects.toMatchObject({
      message: `the local CA may not vouch for ${host}`,
      next: expect.stringContaining(".localhost"),
    });
  });

  it.each(["", "a b", "https://dev.localhost", "dev..localhost", "*"])("is refused for %j, which is no host", async (host) => {
    await expect(issueCertificate(await make(), [host])).rejects.toThrow(UserError);
  });

  it("is kept while it serves: same CA, same hosts, a month left", async () => {
    const authority = await make();
    const { certificate } = await issueCertificate(authority, ["dev.localhost", "::1"]);
    expect(stillServes(authority, certificate, ["dev.localhost", "::1"])).toBe(true);
    expect(stillServes(authority, certificate, ["dev.localhost", "new.dev.localhost"])).toBe(false);
    expect(stillServes(authority, certificate, ["127.0.0.1"])).toBe(false);
    expect(stillServes(authority, certificate, ["dev.localhost"], 30, later(61))).toBe(false);
    expect(stillServes(authority, "junk", ["dev.localhost"])).toBe(false);
    expect(stillServes(await replaceAuthority(folder), certificate, ["dev.localhost"])).toBe(false);
  });
});

describe("clients that trust the CA", () => {
  it.each(["dev.localhost", "localhost", "127.0.0.1", "::1"])("connect to %s", async (host) => {
    const authority = await make();
    expect(await connect(authority, await issueCertificate(authority, ["dev.localhost", "localhost", "127.0.0.1", "::1"]), host)).toBe("welcome");
  });

  it("refuse what a thief of its key signs for a bank", async () => {
    const authority = await make();
    const stolen = await forge(authority, "bank.example.com");
    expect(await connect(authority, stolen, "bank.example.com")).toMatch(/permitted subtree violation/i);
    // The same forger for a permitted name gets through: it is the name that was refused above.
    expect(await connect(authority, await forge(authority, "dev.localhost"), "dev.localhost")).toBe("welcome");
  });

  it.skipIf(!has("openssl"))("say the same when they are OpenSSL, in its strictest mode (needs openssl)", async () => {
    const authority = await make();
    const verify = async (name: string, certificate: string) => {
      writeFileSync(join(folder, name), certificate);
      return run("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", certificatePath(folder), join(folder, name)]);
    };
    expect(await verify("good.pem", (await issueCertificate(authority, ["dev.localhost", "127.0.0.1"])).certificate)).toMatchObject({ code: 0 });
    expect(await verify("address.pem", (await issueCertificate(authority, ["127.0.0.1"])).certificate)).toMatchObject({ code: 0 });
    expect((await verify("forged.pem", (await forge(authority, "bank.example.com")).certificate)).stderr).toContain("permitted subtree violation");
  });
});

it("costs a warm start nothing: what makes certificates is not loaded to read one", async () => {
  await make();
  const script = `
    import { readAuthority, describeAuthority, expiryWarning, stillServes } from ${JSON.stringify(new URL("ca.ts", import.meta.url).href)};
    const authority = readAuthority(process.env.LOCAL_CA_FOLDER);
    describeAuthority(authority); expiryWarning(authority); stillServes(authority, authority.certificate, []);
    console.log(String("defineMetadata" in Reflect), String(Boolean(authority)));`; // reflect-metadata, which @peculiar/x509 needs, adds it
  const { stdout, stderr } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    env: { ...process.env, LOCAL_CA_FOLDER: folder },
  });
  expect(stdout.trim(), stderr).toBe("false true");
});

/** @returns the answer's body, or the error that the client gives */
async function connect(authority: Authority, server: { certificate: string; key: string }, host: string): Promise<string> {
  const listening = https.createServer({ cert: server.certificate, key: server.key }, (_, response) => response.end("welcome"));
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      // Wherever the name leads, the connection is to here; what is compared is the name.
      const lookup = (_host: string, _options: unknown, found: (error: null, addresses: object[]) => void) => found(null, [{ address: "127.0.0.1", family: 4 }]);
      const options = { host, port, ca: authority.certificate, agent: false, lookup: lookup as never, ...(host === "::1" ? { host: "127.0.0.1", checkServerIdentity: ipv6 } : {}) };
      https
        .get(options, (response) => response.on("data", (body) => resolve(String(body))))
        .on("error", (error) => resolve(error.message));
    });
  } finally {
    listening.close();
  }
}

/** A machine without IPv6 compares the address all the same. */
const ipv6 = (_host: string, { raw }: { raw: Buffer }) => (new X509Certificate(raw).checkIP("::1") ? undefined : new Error("not for ::1"));

/** Signs without asking whether it may. */
async function forge(authority: Authority, host: string) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pkcs8 = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const { publicKey, privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    publicKey,
    signingKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    issuer: new x509.X509Certificate(authority.certificate).subjectName,
    subject: "O=Thief",
    notBefore: later(-1),
    notAfter: later(30),
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(authority.certificate)),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey)).toString("base64");
  return { certificate: certificate.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n` };
}
