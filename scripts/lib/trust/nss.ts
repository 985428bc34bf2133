import { readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { hasProgram, isThere, type Absent, type Command, type Machine, type Store, type TrustedCertificate } from "./store.ts";
import { fingerprint } from "../ca.ts";

// On Linux, browsers don't look at the system's store but at databases of Mozilla's NSS library: Chromium's family at one
// per user, Firefox at one per profile. On macOS and Windows they read the system's (Firefox from 120 on), so there
// is nothing to do here. NSS's program `certutil` has nothing but the name in common with Windows'.

/**
 * `*` is any one folder. Chromium from 146 on makes the second where it doesn't find the first.
 * https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md
 */
const chromiumFolders = (data: string) => [
  "~/.pki/nssdb",
  `${data}/pki/nssdb`,
  "~/snap/*/current/.pki/nssdb",
  "~/snap/*/current/.local/share/pki/nssdb",
  "~/.var/app/*/.pki/nssdb",
  "~/.var/app/*/data/pki/nssdb",
];

/** Firefox from 147 on has its profiles under the configuration folder, older ones stay where they are. */
const firefoxFolders = (config: string) => [
  "~/.mozilla/firefox/*",
  `${config}/mozilla/firefox/*`,
  "~/snap/firefox/common/.mozilla/firefox/*",
  "~/snap/firefox/common/.config/mozilla/firefox/*",
  "~/.var/app/org.mozilla.firefox/.mozilla/firefox/*",
  "~/.var/app/org.mozilla.firefox/config/mozilla/firefox/*",
  "~/.librewolf/*",
  "~/.var/app/io.gitlab.librewolf-community/.librewolf/*",
];

const chromiums = [
  ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "google-chrome-beta"],
  ...["brave-browser", "microsoft-edge", "microsoft-edge-stable", "vivaldi", "opera"],
];

/** Which package has `certutil`, by the program that installs packages. */
const packages = [
  ["apt-get", "sudo apt-get install libnss3-tools"],
  ["dnf", "sudo dnf install nss-tools"],
  ["pacman", "sudo pacman -S nss"],
  ["zypper", "sudo zypper install mozilla-nss-tools"],
  ["apk", "sudo apk add nss-tools"],
] as const;

/** @returns the databases of this user's browsers */
export function nssStores(machine: Machine): (Store | Absent)[] {
  if (machine.platform !== "linux") return [];
  const { env, home } = machine;
  const data = absolute(env["XDG_DATA_HOME"]) ?? join(home, ".local/share");
  const config = absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config");
  return [
    ...chromium(machine, databases(home, chromiumFolders(data))),
    ...firefox(machine, databases(home, firefoxFolders(config))),
  ];
}

function chromium(machine: Machine, found: string[]): (Store | Absent)[] {
  const serves = "Chromium, Chrome, Edge, Brave";
  if (found.length > 0) return found.map((folder) => database(machine, "chromium", `Chromium's family (${tilde(machine, folder)})`, serves, folder));
  if (!chromiums.some((name) => hasProgram(machine, name)))
    return [{ kind: "chromium", name: "Chromium's family", absent: "no database of one, nor such a browser on the PATH" }];
  // Not started yet. Every version looks into this folder first.
  const folder = join(machine.home, ".pki/nssdb");
  return [database(machine, "chromium", `Chromium's family (${tilde(machine, folder)})`, serves, folder)];
}

function firefox(machine: Machine, found: string[]): (Store | Absent)[] {
  if (found.length === 0) return [{ kind: "firefox", name: "Firefox", absent: "no profile; once it was started there is one" }];
  return found.map((folder) => database(machine, "firefox", `Firefox (${tilde(machine, folder)})`, "Firefox with this profile", folder));
}

function database(machine: Machine, kind: "chromium" | "firefox", name: string, serves: string, folder: string): Store {
  const { $ } = machine;
  const place = ["-d", `sql:${folder}`];
  // An empty password: with a primary password set, certutil would wait for somebody to type it.
  const silent = ["-f", "/dev/null"];
  const certutil = hasProgram(machine, "certutil");
  const ours = async (certificate: TrustedCertificate) => {
    if (!isDatabase(folder)) return [];
    const { stdout } = await $({ nothrow: true })`${["certutil", "-L", ...place]}`;
    const named = listed(stdout).filter((entry) => entry.nickname.includes(certificate.name));
    const found = await Promise.all(
      named.map(async (entry) => {
        const { stdout } = await $({ nothrow: true })`${["certutil", "-L", ...place, "-n", entry.nickname, "-a"]}`;
        return pems(stdout).some((pem) => fingerprint(pem) === certificate.fingerprint) ? [entry] : [];
      }),
    );
    return found.flat();
  };
  return {
    kind,
    name,
    serves,
    byHand: certutil ? undefined : missingCertutil(machine),
    trusts: async (certificate) =>
      certutil ? (await ours(certificate)).some(({ trust }) => trust.includes("C")) : isDatabase(folder) ? undefined : false,
    trust: async ({ path, name }) => [
      ...(isDatabase(folder) ? [] : [["mkdir", "-p", "-m", "700", folder], ["certutil", "-N", ...place, "--empty-password"]]),
      // C: may sign servers' certificates; nothing for mail and code.
      ["certutil", "-A", ...place, "-t", "C,,", "-n", name, "-i", path, ...silent],
    ],
    untrust: async (certificate) =>
      (await ours(certificate)).map(({ nickname }): Command => ["certutil", "-D", ...place, "-n", nickname, ...silent]),
  };
}

function missingCertutil(machine: Machine): Store["byHand"] {
  const install = packages.find(([manager]) => hasProgram(machine, manager))?.[1] ?? "install NSS's certutil";
  return { why: "certutil is missing", trust: () => install, untrust: () => install };
}

/** @returns the entries of `certutil -L`; the first of the three trust columns, which is that of servers */
export function listed(output: string): { nickname: string; trust: string }[] {
  return [...output.matchAll(/^(\S.*?) +([a-zA-Z]*),[a-zA-Z]*,[a-zA-Z]* *$/gm)].map(([, nickname, trust]) => ({
    nickname: nickname!,
    trust: trust!,
  }));
}

const pems = (text: string) => text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
const isDatabase = (folder: string) => isThere(join(folder, "cert9.db"));
const absolute = (path: string | undefined) => (path && isAbsolute(path) ? path : undefined);
const tilde = ({ home }: Machine, path: string) => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);

function databases(home: string, patterns: string[]): string[] {
  const folders = patterns.flatMap((pattern) => expand(pattern.replace(/^~/, home)));
  return [...new Set(folders)].filter(isDatabase);
}

/** Node 20 has no glob, and one star is all that is needed. */
function expand(pattern: string): string[] {
  const star = pattern.split("/").indexOf("*");
  if (star < 0) return [pattern];
  const parts = pattern.split("/");
  const parent = parts.slice(0, star).join("/");
  if (!isThere(parent)) return [];
  return readdirSync(parent).map((folder) => [parent, folder, ...parts.slice(star + 1)].join("/"));
}
