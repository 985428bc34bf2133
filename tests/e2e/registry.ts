import { execFileSync } from "node:child_process";

export const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/**
 * Starts a registry with this machine's Node image in it.
 * @param address where it answers, `127.0.0.1:PORT`
 * @param options further ones of `docker run`
 * @returns the image, by the name that it has there
 */
export function startRegistry(name: string, address: string, options: readonly string[] = []): string {
  const image = `${address}/node:22.0.0`;
  docker("run", "--detach", "--name", name, ...options, "--publish", `${address}:5000`, "registry:3");
  docker("tag", "node:22-alpine", image);
  // It answers a moment after it was started.
  for (let left = 20; ; left--)
    try {
      docker("push", image);
      break;
    } catch (error) {
      if (left === 0) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  docker("rmi", image);
  return image;
}

export const removeRegistry = (name: string): string => docker("rm", "--force", "--volumes", name);
