import { fileURLToPath } from "node:url";
import type { Environment } from "../../../manifests/environment.ts";
import { builtImages } from "../../../manifests/images.ts";
import { UserError } from "../errors.ts";
import { throwAll, type Problem } from "../problems.ts";
import { step, warn } from "../progress.ts";
import { standsFor, type KubernetesObject } from "../render.ts";
import type { Shell } from "../shell.ts";
import { tagsAnnotation } from "./names.ts";
import { containersOf } from "./pods.ts";

/** An image that is built from this repository. */
export interface BuiltHere {
  /** Without its tag: what Tilt and the manifests call it. */
  readonly image: string;
  /** `<folder>/Dockerfile`, built with the repository's root as its context. */
  readonly folder: string;
  readonly target: "development" | "production";
}

/** What is deployed for a reference of the manifests. */
export interface Provided {
  /** By digest, where that is known. */
  readonly image: string;
  /** By tag: what people call it. */
  readonly name: string;
}
/** By the reference as the manifests write it. */
export type Images = ReadonlyMap<string, Provided>;

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** @returns the images built here that the objects run, in the order of manifests/images.ts */
export function imagesBuiltHere(environment: Environment, objects: readonly KubernetesObject[]): BuiltHere[] {
  const used = new Set(imagesOf(objects).map(withoutTag));
  return builtImages
    .map(({ folder }) => ({ image: `${environment.registry}/${folder}`, folder, target: environment.development ? ("development" as const) : ("production" as const) }))
    .filter(({ image }) => used.has(image));
}

/** @returns every image reference that the objects' pods run, each once */
export const imagesOf = (objects: readonly KubernetesObject[]): string[] => [...new Set(objects.flatMap(containersOf).map(({ image }) => image))];

/** Builds and pushes all side by side. @returns them by digest @throws UserError for the first that failed, when all have ended */
export async function buildAll($: Shell, images: readonly BuiltHere[], tag: string, signal?: AbortSignal): Promise<Map<string, Provided>> {
  const built = new Map<string, Provided>();
  const build = (image: BuiltHere) =>
    step(`Image ${image.folder}`, async () => {
      const reference = await buildAndPush($, image, tag, signal);
      built.set(`${image.image}:${tag}`, { image: reference, name: `${image.image}:${tag}` });
      return `is ${reference.slice(reference.indexOf("@") + 1, -52)}`;
    });
  for (const result of await Promise.allSettled(images.map(build))) if (result.status === "rejected") throw result.reason;
  return built;
}

/**
 * Builds and pushes; BuildKit's cache and the registry's layers make an unchanged one cost a fraction of a second.
 * @returns where each lies now, by digest
 * @throws UserError with the end of docker's output
 */
export async function buildAndPush($: Shell, { image, folder, target }: BuiltHere, tag: string, signal?: AbortSignal): Promise<string> {
  const reference = `${image}:${tag}`;
  // Provenance and dates hold the time of the build: with them the same source would have a new digest, and new pods, on
  // every machine that builds it. https://reproducible-builds.org/specs/source-date-epoch/
  const epoch = `SOURCE_DATE_EPOCH=${process.env["SOURCE_DATE_EPOCH"] ?? "0"}`;
  const build = await $({ cwd: root, nothrow: true, signal })`docker build --progress=plain --provenance=false --build-arg ${epoch} --file ${folder}/Dockerfile --target ${target} --tag ${reference} .`;
  signal?.throwIfAborted();
  if (build.exitCode !== 0)
    throw new UserError(`${folder} does not build`, {
      why: tail(build.stderr || build.stdout, 40),
      next: `docker build --file ${folder}/Dockerfile --target ${target} .`,
    });
  const push = await $({ nothrow: true, signal })`docker push ${reference}`;
  signal?.throwIfAborted();
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(push.stdout)?.[1];
  if (push.exitCode !== 0 || !digest)
    throw new UserError(`${reference} can't be pushed`, {
      why: tail(push.stderr || push.stdout, 10),
      next: image.startsWith("127.0.0.1") ? "npm run setup   starts the local registry" : `docker login ${image.split("/")[0]}   if it asks for a login`,
    });
  return `${image}@${digest}`;
}

/** @returns the reference with the digest that its registry knows it by; undefined when the registry does not answer so. */
export async function resolveDigest($: Shell, reference: string, signal?: AbortSignal): Promise<{ image: string } | { reason: string }> {
  if (reference.includes("@")) return { image: reference };
  // It reads the registry, with Docker's logins, and needs no Docker engine. Of a format that names one field only, some
  // versions make nothing.
  const { stdout, stderr, exitCode } = await $({ nothrow: true, signal })`docker buildx imagetools inspect ${reference} --format ${"{{json .Manifest}}"}`;
  signal?.throwIfAborted();
  const digest = /^\{[^{]*"digest":\s*"(sha256:[0-9a-f]{64})"/.exec(stdout)?.[1];
  return exitCode === 0 && digest ? { image: `${withoutTag(reference)}@${digest}` } : { reason: tail(stderr, 1).replace(/^ERROR: /, "") };
}

export interface ImageOptions {
  /** Of images that CI has built and pushed: nothing is built here. */
  readonly tag?: string;
  /** Let images stay by tag whose registry does not answer. Development does anyway. */
  readonly allowTags?: boolean;
  /** What the last deploy used, by reference: holds where a registry does not answer, as on a train. */
  readonly last?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Builds and pushes what is built here, and finds the digest of everything else that pods run.
 * @returns for each reference of the manifests the one that is deployed
 * @throws UserError that names what does not build, and every image whose digest can't be found
 */
export async function provideImages($: Shell, environment: Environment, objects: readonly KubernetesObject[], options: ImageOptions = {}): Promise<Images> {
  const { tag, allowTags = environment.development, last = {}, signal } = options;
  const ours = imagesBuiltHere(environment, objects);
  const isOurs = (reference: string) => ours.some(({ image }) => withoutTag(reference) === image);
  const provided = tag === undefined ? await buildAll($, ours, environment.tag, signal) : new Map<string, Provided>();
  const problems: Problem[] = [];
  const find = async (reference: string) => {
    const name = tag !== undefined && isOurs(reference) ? `${withoutTag(reference)}:${tag}` : reference;
    // What a full version meant when it was first deployed, and was tested since, it means until another is asked for.
    if (!isOurs(reference) && /:v?\d+\.\d+\.\d+[^:/]*$/.test(name) && last[name]?.includes("@")) return provided.set(reference, { image: last[name], name });
    const answer = await resolveDigest($, name, signal);
    if ("image" in answer) return provided.set(reference, { image: answer.image, name });
    if (isOurs(reference)) return problems.push({ what: `${name} is not in its registry`, why: answer.reason, next: "is the tag right, and has CI pushed it? Without --tag it is built here" });
    if (last[name] !== undefined) {
      warn(`${name}: its registry does not answer (${answer.reason}); it stays what was deployed last`);
      return provided.set(reference, { image: last[name], name });
    }
    if (allowTags) return warn(`${name}: its registry does not answer (${answer.reason}); it is deployed by its tag`);
    return problems.push({ what: `the digest of ${name} can't be found`, why: answer.reason, next: "--allow-tags   deploys it by its tag, which may become another image" });
  };
  await Promise.all(imagesOf(objects).filter((reference) => !provided.has(reference)).map(find));
  throwAll(problems);
  return provided;
}

/** @returns the objects with every image as it was provided; what people call it stays as an annotation. */
export const pinned = (objects: readonly KubernetesObject[], images: Images): KubernetesObject[] =>
  objects.map((object) => {
    const copy = standsFor(structuredClone(object), object);
    const names: Record<string, string> = {};
    for (const container of containersOf(copy)) {
      const provided = images.get(container.image);
      if (!provided || provided.image === container.image) continue;
      names[container.name] = provided.name;
      container.image = provided.image;
    }
    // Of the workload, not of its pods: another tag for the same image starts no pod anew.
    if (Object.keys(names).length > 0) copy.metadata.annotations = { ...copy.metadata.annotations, [tagsAnnotation]: JSON.stringify(names) };
    return copy;
  });

/** `registry:5000/a/b:1.2@sha256:…` → `registry:5000/a/b` */
export const withoutTag = (reference: string): string => reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");

const tail = (text: string, lines: number) => text.trimEnd().split("\n").slice(-lines).join("\n");
