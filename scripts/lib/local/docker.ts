import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { working } from "../progress.ts";

/**
 * Has Docker pull an image that it does not have.
 * @param path where the docker command is looked for, as in PATH
 * @returns undefined when a container of that image can be started; otherwise why not, as half a sentence
 */
export async function whyNoImage(image: string, path: string): Promise<string | undefined> {
  const docker = (args: readonly string[], timeoutMs?: number) => runDocker(args, path, timeoutMs);
  // The usual case asks once (20 ms). An engine that hangs must not keep the rest from starting.
  const known = await docker(["image", "inspect", "--format", "{{.Id}}", image], 3000);
  if (known.code === 0) return undefined;
  if (known.code === null || (await docker(["version", "--format", "{{.Server.Version}}"], 3000)).code !== 0) return "Docker does not answer";
  working(`pulling ${image}`);
  const pulled = await docker(["pull", "--quiet", image]);
  return pulled.code === 0 ? undefined : `Docker can't pull ${image} (${reason(pulled.errors)})`;
}

/** @returns `code` null when it could not be started, was ended, or took longer than `timeoutMs` */
function runDocker(args: readonly string[], path: string, timeoutMs?: number): Promise<{ code: number | null; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn("docker", args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PATH: path }, timeout: timeoutMs });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
    // A runner that is told to stop neither waits for a pull nor leaves it behind.
    const kill = () => child.kill();
    process.once("exit", kill);
    child.unref();
    (child.stderr as Socket).unref();
    const end = (code: number | null) => {
      process.off("exit", kill);
      resolve({ code, errors });
    };
    child.once("error", () => end(null));
    child.once("close", end);
  });
}

const reason = (errors: string) => errors.trim().split("\n").at(-1)!.replace(/^Error response from daemon: /, "") || "it does not say why";
