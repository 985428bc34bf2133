import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { homedir } from "node:os";
import { X509Certificate } from "node:crypto";
import { $, type Shell } from "../shell.ts";
import { describeAuthority } from "../ca.ts";

/** The computer whose stores are looked at; tests give a small one in a folder. */
export interface Machine {
  readonly $: Shell;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Runs as root, so that the system's store can be changed. */
  readonly root: boolean;
  /** Where its file system begins: "/", but for tests. */
  readonly files: string;
}

export const thisMachine = (env: NodeJS.ProcessEnv = process.env): Machine => ({
  $,
  platform: process.platform,
  env,
  home: env["HOME"] || homedir(),
  root: process.getuid?.() === 0,
  files: "/",
});

/** A CA's certificate as stores know it. */
export interface TrustedCertificate {
  readonly path: string;
  readonly pem: string;
  readonly name: string;
  /** SHA-256 with colons. */
  readonly fingerprint: string;
  /** SHA-1 without: what Windows and macOS name certificates by. */
  readonly thumbprint: string;
}

/** A program and its arguments, as they are. */
export type Command = readonly string[];

export const kinds = ["system", "windows", "chromium", "firefox", "node"] as const;
export type Kind = (typeof kinds)[number];

/** A place where programs look up whom to trust. Stores only say what is to be run; trust.ts runs it. */
export interface Store {
  readonly kind: Kind;
  /** With its place where there can be several: "Firefox (~/.mozilla/firefox/ab12.default)". */
  readonly name: string;
  /** The programs that look there. */
  readonly serves: string;
  /** Only root can change it. */
  readonly needsRoot?: boolean;
  /** What only the user can do, and why: install a tool, set a variable. Nothing is run then. */
  readonly byHand?: { readonly why: string; trust(certificate: TrustedCertificate): string; untrust(certificate: TrustedCertificate): string };
  /** @returns undefined when that can't be told */
  trusts(certificate: TrustedCertificate): Promise<boolean | undefined>;
  trust(certificate: TrustedCertificate): Promise<readonly Command[]>;
  untrust(certificate: TrustedCertificate): Promise<readonly Command[]>;
}

/** A kind of store that this machine has none of, and why. */
export interface Absent {
  readonly kind: Kind;
  readonly name: string;
  readonly absent: string;
}

/** @param path where the PEM is, for the programs that read it from there */
export function trustedCertificate(path: string, pem = readFileSync(path, "utf8")): TrustedCertificate {
  const { name, fingerprint } = describeAuthority({ certificate: pem });
  return { path, pem, name, fingerprint, thumbprint: new X509Certificate(pem).fingerprint.replaceAll(":", "").toLowerCase() };
}

/** @returns whether a program is on the PATH, or where root's programs are, which users' PATHs often leave out */
export function hasProgram({ env, files }: Machine, name: string): boolean {
  const folders = [...(env["PATH"] ?? "").split(delimiter).filter(Boolean), join(files, "usr/sbin"), join(files, "sbin")];
  return folders.some((folder) => isThere(join(folder, name), constants.X_OK));
}

export function isThere(path: string, mode = constants.F_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** @returns whether a file of many certificates, which may be missing, holds this one */
export function bundleHolds(path: string, { pem }: TrustedCertificate): boolean {
  return isThere(path, constants.R_OK) && letters(readFileSync(path, "utf8")).includes(letters(body(pem)));
}

/** @returns whether a file is this certificate and nothing else, however its lines are broken */
export function isOnly(path: string, { pem }: TrustedCertificate): boolean {
  const text = isThere(path, constants.R_OK) ? readFileSync(path, "utf8") : "";
  return text.split("-----BEGIN").length === 2 && letters(body(text)) === letters(body(pem));
}

const body = (pem: string) => /-----BEGIN [^-]+-----([^-]+)-----END/.exec(pem)?.[1] ?? pem;
const letters = (text: string) => text.replace(/\s+/g, "");
