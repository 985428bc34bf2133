import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { link, mkdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "./errors.ts";
import type { Authority } from "./x509.ts";

export type { Authority } from "./x509.ts";

// The local certificate authority: made once on this machine, trusted once by its browsers, used by the cluster and by
// `npm start` alike. It outlives clusters, for a new one would have to be trusted again. Nothing here imports
// what makes certificates (x509.ts) before one has to be made.

const certificateFile = "ca.pem";
const keyFile = "ca-key.pem";
/** This CA and others, for Node, which takes one file only. */
export const withOthersFile = "node-extra-ca-certs.pem";
const replacedFile = /^replaced-[0-9a-f]{64}\.pem$/;
/** What `place` leaves when it is killed. */
const unfinishedFile = /^ca(-key)?\.pem\.[0-9a-f]{12}$/;
const replaceCommand = "npx zx scripts/certs.mts create --replace";

/** @returns where the CA's certificate is: what clients are told to trust */
export const certificatePath = (folder: string) => join(folder, certificateFile);

/** @returns the folder of this user's CA, outside the repository; LOCAL_CA_FOLDER replaces it */
export function authorityFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env["LOCAL_CA_FOLDER"]) return resolve(env["LOCAL_CA_FOLDER"]);
  return join(dataFolder(env, platform), "typescript-kubernetes-starter");
}

function dataFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  if (env["XDG_DATA_HOME"] && isAbsolute(env["XDG_DATA_HOME"])) return env["XDG_DATA_HOME"];
  const home = (platform === "win32" ? env["USERPROFILE"] : env["HOME"]) || homedir();
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return env["LOCALAPPDATA"] || join(home, "AppData", "Local");
  return join(home, ".local", "share");
}

/**
 * Under sudo, HOME is root's or not, and either would go wrong: a second CA that no browser of the user's looks at, or
 * files in the user's folder that only root can read.
 * @throws UserError under sudo, unless LOCAL_CA_FOLDER says where the CA is or it is there
 */
export function refuseSudo(folder: string, env: NodeJS.ProcessEnv = process.env): void {
  if (!env["SUDO_USER"] || env["SUDO_USER"] === "root" || env["LOCAL_CA_FOLDER"] || existsSync(certificatePath(folder))) return;
  throw new UserError("run as root, this would make a CA of root's own", {
    why: `browsers run as ${env["SUDO_USER"]}`,
    next: "the same command without sudo; it shows the one command that needs root",
  });
}

/**
 * Reads and checks the CA; takes a millisecond or two.
 * @returns undefined when there is none; a key without certificate is one that `ensureAuthority` has yet to finish
 * @throws UserError for one that must not be used: damaged, expired, key of another certificate, key readable by others
 */
export function readAuthority(folder: string, now = new Date()): Authority | undefined {
  const key = readText(join(folder, keyFile));
  const certificate = readText(certificatePath(folder));
  if (certificate === undefined) return undefined;
  if (key === undefined) throw unusable(folder, `its key ${keyFile} is missing`);
  refuseSharedKey(join(folder, keyFile));
  const parsed = attempt(() => new X509Certificate(certificate));
  const secret = attempt(() => createPrivateKey(key));
  if (!parsed) throw unusable(folder, `${certificateFile} is damaged: it holds no certificate`);
  if (!secret) throw unusable(folder, `${keyFile} is damaged: it holds no private key`);
  if (!parsed.ca) throw unusable(folder, `${certificateFile} is not a certificate authority's`);
  if (!parsed.checkPrivateKey(secret)) throw unusable(folder, `${keyFile} is not the key of ${certificateFile}`);
  if (now > new Date(parsed.validTo)) throw unusable(folder, `it expired on ${isoDay(parsed.validTo)}`);
  if (now < new Date(parsed.validFrom))
    throw new UserError(`the local CA is valid from ${parsed.validFrom} only`, { why: "this machine's clock is behind", next: "set the clock" });
  return { certificate, key };
}

/** @returns the CA, or what `readAuthority` has against it, for those who report rather than use it */
export function examineAuthority(folder: string, now = new Date()): { authority?: Authority; problem?: UserError } {
  try {
    return { authority: readAuthority(folder, now) };
  } catch (problem) {
    if (problem instanceof UserError) return { problem };
    throw problem;
  }
}

/**
 * @returns the CA of a folder, made when there is none; processes that come at once end with the same one
 * @throws UserError as `readAuthority` does, and when the folder can't be written to
 */
export async function ensureAuthority(folder: string): Promise<{ authority: Authority; created: boolean }> {
  const existing = readAuthority(folder);
  if (existing) return { authority: existing, created: false };
  const { makeKey, makeAuthorityCertificate } = await import("./x509.ts");
  const keyPath = join(folder, keyFile);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // The first key and the first certificate that are there count, whoever put them; each appears whole. An
    // interrupted run leaves a key at most, which the next one completes.
    if (readText(keyPath) === undefined) await place(keyPath, await makeKey(), 0o600);
    const created = await place(certificatePath(folder), await makeAuthorityCertificate(readText(keyPath)!), 0o644);
    return { authority: readAuthority(folder)!, created };
  } catch (error) {
    throw error instanceof UserError ? error : unwritable(folder, error);
  }
}

/**
 * Makes a new CA in place of the one that is there, usable or not. The old certificate (not its key) stays beside it
 * as `replaced-….pem`, so that it can still be taken out of the stores that trust it.
 * @throws UserError when the folder can't be written to
 */
export async function replaceAuthority(folder: string): Promise<Authority> {
  const { makeKey, makeAuthorityCertificate } = await import("./x509.ts");
  const key = await makeKey();
  const certificate = await makeAuthorityCertificate(key);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const old = readText(certificatePath(folder));
    const keep = old && attempt(() => fingerprint(old));
    if (keep) await rename(certificatePath(folder), join(folder, `replaced-${keep.replaceAll(":", "").toLowerCase()}.pem`));
    else await rm(certificatePath(folder), { force: true });
    await rm(join(folder, keyFile), { force: true });
    await place(join(folder, keyFile), key, 0o600);
    await place(certificatePath(folder), certificate, 0o644);
  } catch (error) {
    throw unwritable(folder, error);
  }
  return readAuthority(folder)!;
}

/** @returns the files of a folder's CA and of its predecessors, whatever of them is there */
export const authorityFiles = (folder: string): string[] =>
  filesOf(folder).filter((name) => [certificateFile, keyFile, withOthersFile].includes(name) || replacedFile.test(name) || unfinishedFile.test(name));

/** Deletes a folder's CA, its predecessors' certificates, and the folder when nothing else is in it. Stores aren't touched. */
export async function deleteAuthority(folder: string): Promise<void> {
  for (const name of authorityFiles(folder)) await rm(join(folder, name), { force: true });
  if (existsSync(folder) && readdirSync(folder).length === 0) await rmdir(folder);
}

/** @returns where the certificates of replaced CAs are, which stores may still trust */
export const replacedPaths = (folder: string): string[] => filesOf(folder).filter((name) => replacedFile.test(name)).map((name) => join(folder, name));

const filesOf = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** Deletes the certificates of replaced CAs: no store trusts them any more. */
export async function forgetReplaced(folder: string): Promise<void> {
  await Promise.all(replacedPaths(folder).map((path) => rm(path, { force: true })));
}

/**
 * Issues a server's certificate; its chain is complete with the CA's.
 * @param hosts DNS names or IP addresses: the certificate is for exactly these
 * @param options `days` at most 398, which is the longest that browsers ever accept
 * @throws UserError for a host that the CA may not vouch for
 */
export async function issueCertificate(
  authority: Authority,
  hosts: readonly string[],
  { days = 90, now = new Date() }: { days?: number; now?: Date } = {},
): Promise<{ certificate: string; key: string }> {
  if (!(days > 0 && days <= 398)) throw new RangeError(`a certificate lasts 1 to 398 days, not ${days}`);
  const { signCertificate } = await import("./x509.ts");
  return signCertificate(authority, hosts, days, now);
}

/** @returns whether a certificate issued earlier is this CA's, for these hosts, and good for `days` more */
export function stillServes(authority: Authority, certificate: string, hosts: readonly string[], days = 30, now = new Date()): boolean {
  const leaf = attempt(() => new X509Certificate(certificate));
  if (!leaf || !leaf.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  if (now < new Date(leaf.validFrom) || daysUntil(new Date(leaf.validTo), now) < days) return false;
  return hosts.every((host) => (isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host, { subject: "never" })) !== undefined);
}

export interface AuthorityDescription {
  /** As lists of browsers and keychains show it. */
  readonly name: string;
  readonly subject: string;
  /** SHA-256, in pairs of capital hex digits with colons: what browsers show too. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** @param authority the certificate is enough */
export function describeAuthority({ certificate }: Pick<Authority, "certificate">): AuthorityDescription {
  const { subject, fingerprint256, validFrom, validTo } = new X509Certificate(certificate);
  const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll("\n", ", ");
  return {
    name,
    subject: subject.replaceAll("\n", ", "),
    fingerprint: fingerprint256,
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
  };
}

/** @returns the names and addresses that the CA is limited to, as its certificate says; undefined when it is not */
export async function permittedNames(authority: Pick<Authority, "certificate">): Promise<string[] | undefined> {
  return (await import("./x509.ts")).permittedNames(authority);
}

/** @returns one sentence to warn with when the CA expires within 30 days, so that nobody learns it from a browser */
export function expiryWarning(authority: Pick<Authority, "certificate">, now = new Date()): string | undefined {
  const { notAfter } = describeAuthority(authority);
  const days = daysUntil(notAfter, now);
  return days < 30 ? `the local CA expires in ${days} days; renew it: ${replaceCommand}` : undefined;
}

/** @returns whole days from now on, 0 on the last one */
export const daysUntil = (date: Date, now = new Date()) => Math.floor((date.getTime() - now.getTime()) / 86_400_000);

/** @returns the SHA-256 fingerprint of a PEM certificate */
export const fingerprint = (certificate: string) => new X509Certificate(certificate).fingerprint256;

/** @returns whether this call put the file there; another's is left as it is. It is never seen half written. */
async function place(path: string, text: string, mode: number): Promise<boolean> {
  const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(unfinished, text, { flag: "wx", mode, flush: true });
    await link(unfinished, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new UserError(`${path} can't be read (${code})`, { next: "make it yours, or name another folder by LOCAL_CA_FOLDER", cause: error });
  }
}

function refuseSharedKey(path: string): void {
  // Windows has no such bits: the folder is under the user's profile, which others can't read.
  if (process.platform === "win32" || (statSync(path).mode & 0o077) === 0) return;
  throw new UserError(`the local CA's key ${path} is open to other users of this machine`, {
    why: "whoever reads it can pass for every localhost site in your browser",
    next: `chmod 600 ${quoted(path)}`,
  });
}

const unusable = (folder: string, why: string) =>
  new UserError(`the local CA in ${folder} can't be used`, { why, next: `make a new one: ${replaceCommand}` });

const unwritable = (folder: string, cause: unknown) =>
  new UserError(`the local CA can't be written to ${folder}`, {
    why: (cause as Error).message,
    next: "make that folder writable, or name another by LOCAL_CA_FOLDER",
    cause,
  });

const isoDay = (date: string) => new Date(date).toISOString().slice(0, 10);

/** @returns a path as a POSIX shell takes it */
export const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
