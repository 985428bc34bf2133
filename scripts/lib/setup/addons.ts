import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { asProblem, throwAll } from "../problems.ts";

/** What addons.lock.json says of one: where upstream publishes it, and what it has to be. */
interface Locked {
  readonly version: string;
  readonly url: string;
  /** Missing until a setup went on with a first download: then it is recorded, and every later one has to be the same. */
  readonly sha256?: string;
}

/** An add-on's manifest on this disk, verified. */
export interface Addon {
  readonly name: AddonName;
  readonly version: string;
  readonly path: string;
  readonly sha256: string;
  /** Where its pods run. */
  readonly namespace: string;
}

export type AddonName = "ingress-nginx" | "cert-manager";
export const addonNames: readonly AddonName[] = ["ingress-nginx", "cert-manager"];

export interface Fetched {
  readonly addons: Readonly<Record<AddonName, Addon>>;
  /** Those whose checksum the lock file does not have. */
  readonly unrecorded: readonly AddonName[];
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const lockFile = "addons.lock.json";

/**
 * Brings the manifests of all add-ons to this disk; the network is asked the first time only.
 *
 * ADDONS_MIRROR, a folder or a URL, takes upstream's place: it holds `ingress-nginx-v1.15.1.yaml` and
 * `cert-manager-v1.21.2.yaml`, and may hold `checksums.txt` as `sha256sum *.yaml` writes it. The lock file's checksums are of
 * upstream's files, so they are neither asked of a mirror's nor written from them.
 * @throws UserError when one can't be had or is not what it has to be; the cluster has not been touched then
 */
export async function fetchAddons({ env = process.env, folder = root, signal }: { env?: NodeJS.ProcessEnv; folder?: string; signal?: AbortSignal } = {}): Promise<Fetched> {
  const lock = await readLock(folder);
  const mirror = env["ADDONS_MIRROR"];
  const results = await Promise.allSettled(
    addonNames.map((name) => (mirror ? fromMirror(name, lock[name], mirror, folder, signal) : fromUpstream(name, lock[name], folder, signal))),
  );
  throwAll(results.flatMap((result) => (result.status === "rejected" ? [asProblem(result.reason)] : [])), "add-ons can't be had");
  const addons = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const byName = Object.fromEntries(addons.map((one) => [one.name, one])) as Record<AddonName, Addon>;
  return { addons: byName, unrecorded: addonNames.filter((name) => !mirror && lock[name].sha256 === undefined) };
}

/** Writes into the lock file what it did not have. */
export async function recordChecksums({ addons, unrecorded }: Fetched, folder = root): Promise<void> {
  if (unrecorded.length === 0) return;
  const lock = await readLock(folder);
  for (const name of unrecorded) lock[name] = { ...lock[name], sha256: addons[name].sha256 };
  await replaceFile(join(folder, lockFile), `${JSON.stringify(lock, null, 2)}\n`);
}

const readLock = async (folder: string) => JSON.parse(await readFile(join(folder, lockFile), "utf8")) as Record<AddonName, Locked>;

const fileName = (name: AddonName, { version }: Locked) => `${name}-${version}.yaml`;
const addon = (name: AddonName, { version }: Locked, path: string, bytes: Buffer): Addon => ({ name, version, path, sha256: sha256(bytes), namespace: name });

async function fromUpstream(name: AddonName, locked: Locked, folder: string, signal: AbortSignal | undefined): Promise<Addon> {
  const path = join(folder, ".cache", "addons", fileName(name, locked));
  const cached = await readIfThere(path);
  if (cached && (locked.sha256 === undefined || sha256(cached) === locked.sha256)) return addon(name, locked, path, cached);
  const bytes = await download(locked.url, signal);
  verify(bytes, locked.sha256, locked.url, `the checksum in ${lockFile}`);
  await replaceFile(path, bytes);
  return addon(name, locked, path, bytes);
}

async function fromMirror(name: AddonName, locked: Locked, mirror: string, folder: string, signal: AbortSignal | undefined): Promise<Addon> {
  const file = fileName(name, locked);
  if (!/^https?:\/\//.test(mirror)) {
    const path = join(mirror, file);
    const bytes = await readIfThere(path);
    if (!bytes)
      throw new UserError(`${path} is missing`, { why: `ADDONS_MIRROR names ${existsSync(mirror) ? "a folder without it" : "a folder that does not exist"}`, next: `put upstream's file there: ${locked.url}` });
    verify(bytes, checksumOf(file, await readIfThere(join(mirror, "checksums.txt"))), path, `the mirror's checksums.txt`);
    return addon(name, locked, path, bytes);
  }
  const base = mirror.replace(/\/+$/, "");
  const path = join(folder, ".cache", "addons", sha256(Buffer.from(base)).slice(0, 12), file);
  const cached = await readIfThere(path);
  if (cached) return addon(name, locked, path, cached);
  const [bytes, checksums] = await Promise.all([download(`${base}/${file}`, signal), download(`${base}/checksums.txt`, signal, true)]);
  verify(bytes!, checksumOf(file, checksums), `${base}/${file}`, `the mirror's checksums.txt`);
  await replaceFile(path, bytes!);
  return addon(name, locked, path, bytes!);
}

/** @param list lines of a checksum, space, perhaps `*`, and a file's name */
export function checksumOf(file: string, list: Buffer | undefined): string | undefined {
  for (const line of list?.toString("utf8").split("\n") ?? []) {
    const [, sum, name] = /^([0-9a-f]{64})\s+\*?(?:\.\/)?(.+?)\s*$/i.exec(line) ?? [];
    if (name === file) return sum!.toLowerCase();
  }
  return undefined;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

function verify(bytes: Buffer, wanted: string | undefined, from: string, where: string): void {
  const found = sha256(bytes);
  if (wanted !== undefined && found !== wanted)
    throw new UserError(`${from} is not the file that it was`, {
      why: `its SHA-256 is ${found},\n${where} says ${wanted}`,
      next: "find out who changed it; until then nothing of it is applied",
    });
  // A captive portal's page, for one.
  if (!/^kind: /m.test(bytes.toString("utf8")))
    throw new UserError(`${from} holds no Kubernetes manifest`, { why: `it begins with ${JSON.stringify(bytes.toString("utf8").slice(0, 60))}` });
}

async function download(url: string, signal: AbortSignal | undefined, optional: true): Promise<Buffer | undefined>;
async function download(url: string, signal: AbortSignal | undefined): Promise<Buffer>;
async function download(url: string, signal: AbortSignal | undefined, optional = false): Promise<Buffer | undefined> {
  const limit = AbortSignal.timeout(60_000);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
    if (optional && response.status === 404) return undefined;
    throw new Error(`the server answers ${response.status} ${response.statusText}`);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const { message, cause } = error as Error;
    throw new UserError(`${url} can't be downloaded`, {
      why: cause instanceof Error ? `${message}: ${cause.message}` : message,
      next: "download it another way into a folder, and name the folder: ADDONS_MIRROR=… (npx zx scripts/setup.mts --help says what they are called there)",
      cause: error,
    });
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Never half written, also when two do it at once or one is interrupted. */
async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}
