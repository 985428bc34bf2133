import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtImages } from "../../manifests/images.ts";
import { run, shellEnvironment } from "../child.ts";
import { docker as dockerSync, lacks, removeRegistry, startRegistry } from "./docker.ts";

describe.skipIf(lacks().length > 0).each(builtImages.map(({ folder }) => folder))("the production image of %s (needs Docker)", (folder) => {
  const tag = `images-test/${folder}`;
  const dockerfile = ["--file", `${folder}/Dockerfile`, "--target", "production"];
  const docker = async (...args: string[]) => {
    const { code, stdout, stderr } = await run("docker", args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr.slice(-3000)}`);
    return stdout.trim();
  };
  const layers = async () => JSON.parse(await docker("image", "inspect", tag, "--format", "{{json .RootFS.Layers}}")) as string[];
  let container: string | undefined;

  beforeAll(() => docker("build", ...dockerfile, "--provenance=false", "--tag", tag, "."));
  afterAll(async () => {
    if (container) await docker("rm", "--force", container);
    await docker("rmi", tag);
  });

  it("holds the program, and neither its source nor packages", async () => {
    const files = (await docker("run", "--rm", "--network", "none", "--entrypoint", "find", tag, "/app", "-type", "f")).split("\n");
    expect(files).toContain(`/app/${folder}/dist/main.js`);
    expect(files.filter((file) => /node_modules|\.tsx?$|\.map$/.test(file))).toEqual([]);
    expect(files.filter((file) => !file.startsWith(`/app/${folder}/dist/`))).toEqual([`/app/${folder}/package.json`]);
  });

  it("runs without a shell, as a numeric user, on a read-only root, and stops when it is told to", async () => {
    const config = JSON.parse(await docker("image", "inspect", tag, "--format", "{{json .Config}}")) as { User: string };
    expect(config.User).toBe("10001:10001");
    const port = 3456;
    const withoutShells = ["/bin/sh", "/bin/bash"].flatMap((shell) => ["--mount", `type=bind,source=/dev/null,target=${shell},readonly`]);
    const asOthers = ["--env", `PORT=${port}`, "--env", "BACKEND_URL=https://backend.example.com", "--env", "ALLOWED_ORIGINS=https://example.com", "--env", "SIGNALING_URL=ws://127.0.0.1:1"];
    container = await docker("run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", ...withoutShells, ...asOthers, tag);
    const ask = `fetch("http://127.0.0.1:${port}/livez").then(({ status }) => process.exit(status === 200 ? 0 : 1), () => process.exit(1))`;
    const end = Date.now() + 30_000;
    while ((await run("docker", ["exec", container, "node", "-e", ask])).code !== 0) {
      if (Date.now() > end) throw new Error(await docker("logs", container));
      await sleep(300);
    }
    await docker("stop", "--time", "20", container);
    expect(await docker("inspect", container, "--format", "{{.State.ExitCode}}")).toBe("0");
  });

  it("built again from nothing, its layers are the same to the bit", async () => {
    const first = await layers();
    await docker("build", ...dockerfile, "--provenance=false", "--no-cache", "--tag", tag, ".");
    expect(await layers()).toEqual(first);
  });
});

// Older Docker engines write the time of the build into an image's configuration; BuildKit of its own does not.
const lacking = [...lacks("buildkitd"), ...(process.getuid?.() === 0 ? [] : ["root"])];
describe.skipIf(lacking.length > 0)(`with BuildKit of its own (lacks ${lacking.join(", ") || "nothing"})`, () => {
  const name = "starter-images";
  const registry = "127.0.0.1:15051";
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const socket = `unix://${folder}/buildkitd.sock`;
  let buildkitd: ChildProcess;
  let baseImage: string;

  beforeAll(async () => {
    baseImage = startRegistry(`${name}-registry`, registry);
    buildkitd = spawn("buildkitd", ["--addr", socket, "--root", join(folder, "root"), "--containerd-worker=false"], { stdio: "ignore" });
    // Of a run that was killed.
    await run("docker", ["buildx", "rm", name]);
    dockerSync("buildx", "create", "--name", name, "--driver", "remote", socket);
    const end = Date.now() + 60_000;
    while ((await run("docker", ["buildx", "inspect", name, "--bootstrap"])).code !== 0) {
      if (Date.now() > end) throw new Error("buildkitd does not answer");
      await sleep(300);
    }
  });
  afterAll(async () => {
    await run("docker", ["buildx", "rm", name]);
    removeRegistry(`${name}-registry`);
    if (buildkitd?.exitCode === null) await Promise.all([once(buildkitd, "exit"), buildkitd.kill()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(builtImages.map(({ folder }) => folder))("%s, built twice with SOURCE_DATE_EPOCH, is the same to the bit", async (image) => {
    const sums: string[] = [];
    for (const copy of ["one", "two"]) {
      const file = join(folder, `${copy}.tar`);
      const args = ["--no-cache", "--provenance=false", "--file", `${image}/Dockerfile`, "--target", "production", "--build-arg", `NODE_IMAGE=${baseImage}`, "--output", `type=oci,dest=${file}`];
      const { code, stderr } = await run("docker", ["buildx", "build", "--builder", name, ...args, "."], { env: shellEnvironment({ SOURCE_DATE_EPOCH: "1767225600" }) });
      expect(code, stderr.slice(-3000)).toBe(0);
      const { manifests } = JSON.parse(execFileSync("tar", ["-xOf", file, "index.json"], { encoding: "utf8" })) as { manifests: { digest: string }[] };
      sums.push(manifests[0]!.digest);
      rmSync(file);
    }
    expect(sums[1]).toBe(sums[0]);
  });
});
