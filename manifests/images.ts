import type { Environment } from "./environment.ts";

/** An image built here. Tilt's builds and `npm start` both read this. */
export interface BuiltImage {
  /** The workspace folder with the Dockerfile, which is the image's name too. */
  readonly folder: string;
  /** What runs in that folder, there or in the development image, while one develops; it reloads by itself. */
  readonly develop: readonly string[];
}

/** An image of others. */
export interface PulledImage {
  readonly image: string;
  /** Programs that do the same on a machine without containers, best first. */
  readonly programs: readonly string[];
  /** Arguments that keep such a program from being reached over the network. */
  readonly loopback: readonly string[];
}

export const backend: BuiltImage = { folder: "backend-trpc", develop: ["tsx", "watch", "src/main.ts"] };
export const landing: BuiltImage = { folder: "landing-page", develop: ["vite"] };
export const signaling: BuiltImage = { folder: "signaling", develop: ["tsx", "watch", "src/main.ts"] };
export const valkey: PulledImage = {
  image: "valkey/valkey:8-alpine",
  programs: ["valkey-server", "redis-server"],
  loopback: ["--bind", "127.0.0.1"],
};

export const builtImages: readonly BuiltImage[] = [backend, landing, signaling];
export const pulledImages: readonly PulledImage[] = [valkey];

/** @returns the container fields that name a built image, and its command where its own is not wanted. */
export const built = (environment: Environment, image: BuiltImage) => ({
  image: `${environment.registry}/${image.folder}:${environment.tag}`,
  command: environment.development ? [...image.develop] : undefined,
});
