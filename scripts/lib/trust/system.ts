import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { bundleHolds, hasProgram, isOnly, isThere, type Absent, type Command, type Machine, type Store, type TrustedCertificate } from "./store.ts";
import { quoted } from "../ca.ts";

interface Family {
  readonly name: string;
  /** Where the system takes certificates from. */
  readonly anchors: string;
  readonly extension: "pem" | "crt";
  /** What reads them. */
  readonly update: Command;
  /** The same after one was taken away, where that differs. */
  readonly updateAfterRemoval?: Command;
  /** Where the result is to be seen. */
  readonly bundle: string;
  /** What takes a certificate out of Java's store on systems that put it there, but forget it on removal. */
  readonly javaHook?: string;
}

const families: readonly Family[] = [
  {
    name: "Fedora, RHEL",
    anchors: "etc/pki/ca-trust/source/anchors",
    extension: "pem",
    update: ["update-ca-trust", "extract"],
    bundle: "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  },
  {
    name: "Arch",
    anchors: "etc/ca-certificates/trust-source/anchors",
    extension: "pem",
    update: ["update-ca-trust"],
    bundle: "etc/ca-certificates/extracted/tls-ca-bundle.pem",
  },
  {
    name: "openSUSE",
    anchors: "etc/pki/trust/anchors",
    extension: "pem",
    update: ["update-ca-certificates"],
    bundle: "var/lib/ca-certificates/ca-bundle.pem",
  },
  {
    name: "Debian, Ubuntu, Alpine",
    anchors: "usr/local/share/ca-certificates",
    extension: "crt", // others are passed over there
    update: ["update-ca-certificates"],
    updateAfterRemoval: ["update-ca-certificates", "--fresh"], // or links to the removed file stay in /etc/ssl/certs
    bundle: "etc/ssl/certs/ca-certificates.crt",
    javaHook: "etc/ca-certificates/update.d/jks-keystore", // Debian's package ca-certificates-java
  },
];

/** @returns the system's own store, and on WSL that of the Windows around it, where the browser is */
export function systemStores(machine: Machine): (Store | Absent)[] {
  if (machine.platform === "darwin") return [keychain(machine)];
  if (machine.platform === "win32") return [windows(machine, "certutil", async (path) => path)];
  return [linux(machine), ...(isWsl(machine) ? [windowsAroundWsl(machine)] : [])];
}

function linux(machine: Machine): Store | Absent {
  const family = families.find(({ anchors, update }) => isThere(join(machine.files, anchors)) && hasProgram(machine, update[0]!));
  if (!family) return { kind: "system", name: "system store", absent: "no ca-certificates package, or none of a kind known here" };
  const anchors = join(machine.files, family.anchors);
  const bundle = join(machine.files, family.bundle);
  return {
    kind: "system",
    name: `system store (${family.name})`,
    serves: "curl, git, Go, Python",
    needsRoot: true,
    trusts: async (certificate) => bundleHolds(bundle, certificate),
    trust: async (certificate) => [
      ["install", "-m", "644", certificate.path, join(anchors, anchorName(certificate, family.extension))],
      family.update,
    ],
    untrust: async (certificate) => {
      const files = readdirSync(anchors).map((file) => join(anchors, file)).filter((path) => isOnly(path, certificate));
      const hook = family.javaHook && join(machine.files, family.javaHook);
      return [
        ...files.filter(() => hook && isThere(hook)).map((path) => ["sh", "-c", `echo ${quoted(`-${linkTo(path)}`)} | ${quoted(hook!)}`]),
        ...(files.length > 0 ? [["rm", "-f", ...files]] : []),
        family.updateAfterRemoval ?? family.update,
      ];
    },
  };
}

/** What update-ca-certificates makes of a file, and what the hook therefore knows it by. */
const linkTo = (path: string) => `/etc/ssl/certs/${basename(path, ".crt")}.pem`;

/** Says whose file it is to whoever reads the folder; the fingerprint's beginning keeps two users' CAs apart. */
const anchorName = ({ fingerprint }: TrustedCertificate, extension: string) =>
  `typescript-kubernetes-starter-${fingerprint.replaceAll(":", "").slice(0, 16).toLowerCase()}.${extension}`;

/**
 * The user's own keychain, which unlike the system's needs no root; macOS asks for the password in a window.
 * https://keith.github.io/xcode-man-pages/security.1.html
 */
function keychain({ $, home }: Machine): Store {
  const file = join(home, "Library/Keychains/login.keychain-db");
  const output = async (command: Command) => (await $({ nothrow: true })`${command}`).stdout;
  return {
    kind: "system",
    name: "macOS keychain (login)",
    serves: "Safari, Chrome, Edge, Firefox from 120, curl",
    async trusts({ name, fingerprint }) {
      const found = await output(["security", "find-certificate", "-a", "-Z", "-c", name]);
      if (!found.includes(fingerprint.replaceAll(":", ""))) return false;
      const settings = await Promise.all([output(["security", "dump-trust-settings"]), output(["security", "dump-trust-settings", "-d"])]);
      return settings.join("\n").includes(name);
    },
    trust: async ({ path }) => [["security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-p", "basic", "-k", file, path]],
    untrust: async ({ path, thumbprint }) => [
      ["security", "remove-trusted-cert", path],
      ["security", "delete-certificate", "-Z", thumbprint.toUpperCase(), file],
    ],
  };
}

/**
 * The user's own root store: no administrator; Windows asks in a window.
 * https://learn.microsoft.com/windows-server/administration/windows-commands/certutil
 */
function windows({ $ }: Machine, certutil: string, nativePath: (path: string) => Promise<string>): Store {
  return {
    kind: "windows",
    name: "Windows' store (Root of this user)",
    serves: "Edge, Chrome, Firefox from 120, .NET",
    trusts: async ({ thumbprint }) => (await $({ nothrow: true })`${[certutil, "-user", "-store", "Root", thumbprint]}`).exitCode === 0,
    trust: async ({ path }) => [[certutil, "-user", "-addstore", "Root", await nativePath(path)]],
    untrust: async ({ thumbprint }) => [[certutil, "-user", "-delstore", "Root", thumbprint]],
  };
}

// https://learn.microsoft.com/windows/wsl/filesystems: Windows' programs are on the PATH, unless that was turned off.
const isWsl = ({ env }: Machine) => Boolean(env["WSL_DISTRO_NAME"]);

function windowsAroundWsl(machine: Machine): Store | Absent {
  const system = "/mnt/c/Windows/System32/certutil.exe";
  const certutil = hasProgram(machine, basename(system)) ? basename(system) : isThere(join(machine.files, system)) ? system : undefined;
  if (!certutil) return { kind: "windows", name: "Windows' store", absent: "certutil.exe can't be reached from WSL; import the CA on Windows" };
  return windows(machine, certutil, async (path) => (await machine.$`wslpath -w ${path}`).stdout.trim());
}
