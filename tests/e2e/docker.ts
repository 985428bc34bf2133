import { execFileSync } from "node:child_process";
import { has } from "../child.ts";

export const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** @returns what is missing of Docker, and not only its command, and other programs: nothing when tests may go on */
export const lacks = (...programs: string[]): string[] => [...(engineAnswers() ? [] : ["Docker"]), ...programs.filter((program) => !has(program))];

export function hasImage(image: string): boolean {
  return succeeds("image", "inspect", image);
}

// Some versions exit with 0 although the engine did not answer.
const engineAnswers = () => succeeds("info") && docker("info", "--format", "{{.ServerVersion}}") !== "";

function succeeds(...args: string[]): boolean {
  try {
    docker(...args);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a registry with this machine's Node image in it.
 * @param address where it answers, `127.0.0.1:PORT`
 * @param options further ones of `docker run`
 * @returns the image, by the name that it has there
 */
export function startRegistry(name: string, address: string, options: readonly string[] = []): string {
  const image = `${address}/node:22.0.0`;
  // Of a run that was killed.
  removeRegistry(name);
  docker("run", "--detach", "--name", name, ...options, "--publish", `${address}:5000`, "registry:3");
  docker("tag", "node:22-alpine", image);
  // It answers a moment after it was started.
  for (let left = 120; ; left--)
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
