import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtImages } from "../../manifests/images.ts";
import { run } from "../child.ts";

const dockerAnswers = (() => {
  try {
    return execFileSync("docker", ["info", "--format", "{{.ServerVersion}}"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() !== "";
  } catch {
    return false;
  }
})();
// The dates in an image's configuration are BuildKit's since 0.13, which older Docker engines don't have built in.
const builder = process.env["TEST_BUILDER"];
const baseImage = process.env["TEST_BUILDER_NODE_IMAGE"] ?? "node:22-alpine";

describe.skipIf(!dockerAnswers).each(builtImages.map(({ folder }) => folder))("the production image of %s (needs Docker)", (folder) => {
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
    const config = JSON.parse(await docker("image", "inspect", tag, "--format", "{{json .Config}}")) as { User: string; Cmd: string[]; ExposedPorts: object };
    expect(config.User).toBe("10001:10001");
    const [port] = Object.keys(config.ExposedPorts).map((text) => text.split("/")[0]);
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

  it.skipIf(!builder)("built twice with SOURCE_DATE_EPOCH, the whole image is (needs TEST_BUILDER, a buildx builder of BuildKit 0.13 or newer)", async () => {
    const out = mkdtempSync(join(tmpdir(), "image-"));
    const sums: string[] = [];
    for (const name of ["one", "two"]) {
      const file = join(out, `${name}.tar`);
      const args = ["buildx", "build", "--builder", builder!, "--no-cache", "--provenance=false", ...dockerfile, "--build-arg", `NODE_IMAGE=${baseImage}`, "--output", `type=oci,dest=${file},rewrite-timestamp=true`, "."];
      const { code, stderr } = await run("docker", args, { env: { ...process.env, SOURCE_DATE_EPOCH: "1767225600" } });
      expect(code, stderr.slice(-3000)).toBe(0);
      sums.push(createHash("sha256").update(readFileSync(file)).digest("hex"));
    }
    rmSync(out, { recursive: true });
    expect(sums[1]).toBe(sums[0]);
  });
});
