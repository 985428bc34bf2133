import { expect, it } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { checkTools, isOlder, versionIn } from "./tools.ts";

it("reads the version out of what each tool prints", () => {
  expect(versionIn("Docker version 28.2.2, build e6534b4")).toBe("28.2.2");
  expect(versionIn("kind v0.33.0 go1.26.8 linux/amd64")).toBe("0.33.0");
  expect(versionIn("Client Version: v1.36.1\nKustomize Version: v5.8.1")).toBe("1.36.1");
  expect(versionIn("v0.37.6-dev, built 2026-11-23")).toBe("0.37.6");
  expect(versionIn("no number")).toBeUndefined();
});

it("compares numbers, not letters: 0.9 is older than 0.33, 1.35.9 is not older than 1.35", () => {
  expect(isOlder("0.9.0", "0.33.0")).toBe(true);
  expect(isOlder("1.35.9", "1.35")).toBe(false);
  expect(isOlder("1.35", "1.35.1")).toBe(true);
  expect(isOlder("2.0", "1.36")).toBe(false);
});

it("says how to get a missing tool on this platform and processor", async () => {
  const { $ } = fakeShell([["kind version", { exitCode: 127, stderr: "bash: kind: command not found" }]]);
  const on = async (platform: NodeJS.Platform, arch: string) => (await checkTools($, ["kind"], { platform, arch })).problems[0]?.next;
  expect(await on("linux", "x64")).toContain("https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-amd64");
  expect(await on("linux", "arm64")).toContain("kind-linux-arm64");
  expect(await on("darwin", "arm64")).toContain("brew install kind");
});

it("names a tool that is there and does not work", async () => {
  const { $ } = fakeShell([["kubectl version", { exitCode: 126, stderr: "kubectl: Exec format error" }]]);
  expect((await checkTools($, ["kubectl"])).problems).toMatchObject([{ what: "kubectl does not say its version", why: "kubectl: Exec format error" }]);
});

it("keeps the order that was asked for, whichever tool answers first", async () => {
  const { $ } = fakeShell([["docker", "Docker version 28.2.2"], ["kind", "kind v0.33.0"], ["kubectl", "Client Version: v1.36.1"]]);
  expect(Object.keys((await checkTools($, ["docker", "kind", "kubectl"])).versions)).toEqual(["docker", "kind", "kubectl"]);
});
