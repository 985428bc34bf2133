import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dev } from "../../../manifests/environments/dev.ts";
import { clusterSettings } from "./cluster-settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "settings-"));
  mkdirSync(join(folder, "manifests/environments"), { recursive: true });
  for (const path of ["kind-config.yaml", "manifests/environments/dev.ts"]) cpSync(path, join(folder, path));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const edit = (change: (text: string) => string) => writeFileSync(join(folder, "kind-config.yaml"), change(readFileSync(join(folder, "kind-config.yaml"), "utf8")));
const settings = (env: NodeJS.ProcessEnv = {}) => clusterSettings(dev, { folder, env });
const problem = () => {
  try {
    return settings();
  } catch (error) {
    return error;
  }
};

it("pins the node image by digest, and takes KIND_NODE_IMAGE instead when it is set", () => {
  expect(settings().nodeImage).toMatch(/^kindest\/node:v1\.36\.\d+@sha256:[0-9a-f]{64}$/);
  expect(settings({ KIND_NODE_IMAGE: "mirror/node:1" }).nodeImage).toBe("mirror/node:1");
  expect(settings({ KIND_NODE_IMAGE: "" }).nodeImage).toContain("@sha256:");
});

it("publishes nothing beyond loopback", () => {
  const addresses = [...readFileSync("kind-config.yaml", "utf8").matchAll(/listenAddress: (.*)/g)].map(([, address]) => address);
  expect(addresses).toEqual(["127.0.0.1", "127.0.0.1"]);
});

it("refuses a name that the environment's context does not have", () => {
  edit((text) => text.replace("name: dev", "name: shop"));
  expect(problem()).toMatchObject({ message: expect.stringContaining("different clusters"), next: expect.stringContaining('"kind-shop"') });
});

it("refuses a configuration without a name, which kind would call kind", () => {
  edit((text) => text.replace("name: dev\n", ""));
  expect(problem()).toMatchObject({ message: "kind-config.yaml names no cluster" });
});

it("refuses one without the mark by which teardown knows its own cluster", () => {
  edit((text) => text.slice(0, text.indexOf("    extraMounts:")));
  expect(problem()).toMatchObject({ message: expect.stringContaining("lacks the mark") });
});

it("names every disagreement at once", () => {
  edit((text) => text.replace("name: dev", "name: shop").replace("hostPort: 443", "hostPort: 8443"));
  const { why } = problem() as { why: string };
  expect(why).toContain("different clusters");
  expect(why).toContain("different HTTPS ports");
});

it("says that a damaged file is not YAML instead of failing with a stack", () => {
  edit(() => "name: [");
  expect(problem()).toMatchObject({ name: "UserError", message: "kind-config.yaml is not YAML" });
});
