import { createHash } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { BuiltImage, PulledImage } from "../../../manifests/images.ts";
import { whyNoImage } from "./docker.ts";
import type { Container } from "./objects.ts";
import { imageOf, type Program } from "./plan.ts";

/** @returns the file that a program's name stands for, as a shell finds it */
export function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

export interface Images {
  readonly built: readonly BuiltImage[];
  readonly pulled: readonly PulledImage[];
}

/**
 * Decides for each container how it runs here: from its source, as a program on the PATH, in Docker, or not at all.
 * Docker is asked only when something needs it, for that takes a while: the more so when an image has to be pulled.
 * @param options `only` names the processes that are wanted; all are when it is left out
 */
export async function choosePrograms(
  containers: readonly Container[],
  images: Images,
  options: { root: string; path: string; only?: readonly string[] },
): Promise<Map<string, Program>> {
  const { root, path, only } = options;
  const hasDocker = findProgram("docker", path) !== undefined;
  const entries = containers.map(async (container): Promise<[string, Program]> => {
    const { name, spec } = container;
    if (only && !only.includes(name)) return [name, { kind: "missing", why: "left out by --only" }];
    const image = imageOf(container, images.built, images.pulled);
    if (image && "built" in image) return [name, { kind: "source", folder: image.built.folder }];
    const { programs = [], loopback = [] } = image?.pulled ?? {};
    const program = programs.find((candidate) => findProgram(candidate, path));
    if (program) return [name, { kind: "installed", program, standsFor: programs[0]!, loopback }];
    const wanted = programs.length > 0 ? `${programs.join(" or ")} is not installed` : `${spec.image} has no program in manifests/images.ts`;
    const noDocker = hasDocker ? await whyNoImage(spec.image!, path) : "Docker is not installed";
    if (noDocker) return [name, { kind: "missing", why: `${wanted}, and ${noDocker}` }];
    const clone = createHash("sha256").update(root).digest("hex").slice(0, 8);
    const user = process.getuid ? `${process.getuid()}:${process.getgid?.()}` : undefined;
    return [name, { kind: "docker", image: spec.image!, container: `local-${clone}-${name.replaceAll("/", "-")}`, user }];
  });
  return new Map(await Promise.all(entries));
}
