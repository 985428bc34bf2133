import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import type { KubernetesObject } from "../render.ts";
import { runChild } from "./child.ts";
import type { Images } from "./programs.ts";
import { withoutSecrets, withSecrets } from "./secret-free.ts";

/** What the environment `local` is made of. */
export interface Rendered {
  readonly objects: readonly KubernetesObject[];
  readonly images: Images;
}

/** What the objects follow from: manifests/ imports nothing but itself and packages, and secrets come from .env. */
const sources = ["manifests", "scripts/lib/render.ts", "package-lock.json"];
const secrets = [".env"];

/**
 * @param root the project's folder
 * @returns the environment's objects; those of the last time when nothing that they are made of has changed, since
 * making them takes half a second. With the fingerprint that they follow from, unless an edit came in between
 * @throws UserError with what the manifests' errors say
 */
export async function rendered(root: string, httpsPort: number, cacheFolder: string): Promise<Rendered & { readonly fingerprint?: string }> {
  const cache = join(cacheFolder, `objects-${httpsPort}.json`);
  const before = hashOf(root, sources);
  const wanted = `${before} ${hashOf(root, secrets)}`;
  const known = readCache(cache, wanted, root);
  if (known) return { ...known, fingerprint: wanted };
  const fresh = await renderInChild(root, httpsPort);
  // Whether the child read a file before or after it was saved is not known. Not so .env: it puts generated secrets there.
  if (hashOf(root, sources) !== before) return fresh;
  const made = `${before} ${hashOf(root, secrets)}`;
  writeCache(cache, made, fresh, root);
  return { ...fresh, fingerprint: made };
}

/** @returns hashes of the content of every file that the objects are made of */
export const fingerprint = (root: string): string => `${hashOf(root, sources)} ${hashOf(root, secrets)}`;

function hashOf(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    let content: Buffer | undefined;
    try {
      content = readFileSync(join(root, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EISDIR") for (const name of readdirSync(join(root, path)).sort()) add(`${path}/${name}`);
    }
    if (content) hash.update(`${path}\0${content.length}\0`).update(content);
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}

/** Makes the objects anew, in a process of its own: modules can't be loaded twice. */
async function renderInChild(root: string, httpsPort: number): Promise<Rendered> {
  const { code, result, errors } = await runChild("render-child.mts", ["local", String(httpsPort)], { folder: root });
  if (code !== 0) throw new UserError("the manifests can't be rendered", { why: shortened(errors, root), next: "mend the file named above" });
  process.stderr.write(errors);
  return JSON.parse(result) as Rendered;
}

/** The lines that name a place of the project, not those of Node and of packages. */
function shortened(text: string, root: string): string {
  const lines = text
    .replaceAll(`file://${root}/`, "")
    .replaceAll(`${root}/`, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at .*(node:|node_modules)|^Node\.js v/.test(line));
  return lines.slice(0, 20).join("\n");
}

interface Cached {
  readonly fingerprint: string;
  readonly rendered: Rendered;
}

function readCache(path: string, wanted: string, root: string): Rendered | undefined {
  try {
    const cached = JSON.parse(readFileSync(path, "utf8")) as Cached;
    if (cached.fingerprint !== wanted) return undefined;
    return { ...cached.rendered, objects: withSecrets(cached.rendered.objects, root) };
  } catch {
    return undefined;
  }
}

function writeCache(path: string, fingerprint: string, rendered: Rendered, root: string): void {
  const objects = withoutSecrets(rendered.objects, root);
  if (!objects) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify({ fingerprint, rendered: { ...rendered, objects } } satisfies Cached), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
