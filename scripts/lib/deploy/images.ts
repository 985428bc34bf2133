import { fileURLToPath } from "node:url";
import type { Environment } from "../../../manifests/environment.ts";
import { builtImages } from "../../../manifests/images.ts";
import { UserError } from "../errors.ts";
import { step } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import type { Shell } from "../shell.ts";
import { keepOrigin } from "../origins.ts";
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

/** A reference with a digest, by the reference as the manifests write it. */
export type Digests = ReadonlyMap<string, string>;

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
export async function buildAll($: Shell, images: readonly BuiltHere[], tag: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const build = (image: BuiltHere) =>
    step(`Image ${image.folder}`, async () => {
      const reference = await buildAndPush($, image, tag, signal);
      digests.set(`${image.image}:${tag}`, reference);
      return `is ${reference.slice(reference.indexOf("@") + 1, -52)}`;
    });
  for (const result of await Promise.allSettled(images.map(build))) if (result.status === "rejected") throw result.reason;
  return digests;
}

/**
 * Builds and pushes; BuildKit's cache and the registry's layers make an unchanged one cost a fraction of a second.
 * @returns where each lies now, by digest
 * @throws UserError with the end of docker's output
 */
export async function buildAndPush($: Shell, { image, folder, target }: BuiltHere, tag: string, signal?: AbortSignal): Promise<string> {
  const reference = `${image}:${tag}`;
  // Provenance holds the time of the build: with it the same source would have a new digest, and new pods, every time.
  const build = await $({ cwd: root, nothrow: true, signal })`docker build --progress=plain --provenance=false --file ${folder}/Dockerfile --target ${target} --tag ${reference} .`;
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
  // It reads the registry, with Docker's logins, and needs no Docker engine.
  const { stdout, stderr, exitCode } = await $({ nothrow: true, signal })`docker buildx imagetools inspect ${reference} --format ${"{{.Manifest.Digest}}"}`;
  signal?.throwIfAborted();
  const digest = /^sha256:[0-9a-f]{64}$/m.exec(stdout)?.[0];
  return exitCode === 0 && digest ? { image: `${withoutTag(reference)}@${digest}` } : { reason: tail(stderr, 1).replace(/^ERROR: /, "") };
}

/** @returns the objects with every known image by digest; what the manifests called it stays as an annotation. */
export const pinned = (objects: readonly KubernetesObject[], digests: Digests): KubernetesObject[] =>
  objects.map((object) => {
    const copy = keepOrigin(structuredClone(object), object);
    const tags: Record<string, string> = {};
    for (const container of containersOf(copy)) {
      const pinned = digests.get(container.image);
      if (pinned === undefined || pinned === container.image) continue;
      tags[container.name] = container.image;
      container.image = pinned;
    }
    // Of the workload, not of its pods: another tag for the same image starts no pod anew.
    if (Object.keys(tags).length > 0) (copy.metadata.annotations ??= {})[tagsAnnotation] = JSON.stringify(tags);
    return copy;
  });

/** `registry:5000/a/b:1.2@sha256:…` → `registry:5000/a/b` */
export const withoutTag = (reference: string): string => reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");

const tail = (text: string, lines: number) => text.trimEnd().split("\n").slice(-lines).join("\n");
