import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { whyNoImage } from "./docker.ts";

let bin: string;
let said: string[];

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "docker-"));
  said = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
});
afterEach(() => rmSync(bin, { recursive: true, force: true }));

/** A `docker` whose subcommands are these lines of shell. */
function docker(commands: { image: string; version?: string; pull?: string }): void {
  const cases = Object.entries(commands).map(([name, line]) => `${name}) ${line} ;;`);
  writeFileSync(join(bin, "docker"), `#!/bin/sh\necho "$*" >> "${bin}/calls"\ncase $1 in\n${cases.join("\n")}\n*) exit 64 ;;\nesac\n`);
  chmodSync(join(bin, "docker"), 0o755);
}
const calls = () => readFileSync(join(bin, "calls"), "utf8").trim().split("\n").map((line) => line.split(" ")[0]);

it("an image that is there is neither pulled nor spoken of", async () => {
  docker({ image: "exit 0" });
  expect(await whyNoImage("cache:1", bin)).toBeUndefined();
  expect(calls()).toEqual(["image"]);
  expect(said).toEqual([]);
});

it("an image that is not there is pulled, and that is said", async () => {
  docker({ image: "exit 1", version: "exit 0", pull: `[ "$*" = "pull --quiet cache:1" ]` });
  expect(await whyNoImage("cache:1", bin)).toBeUndefined();
  expect(said.join("\n")).toContain("pulling cache:1 …");
});

it("an image that can't be pulled is told with the engine's reason", async () => {
  const refusal = "Error response from daemon: Get https://registry.example/v2/: dial tcp: lookup registry.example: no such host";
  docker({ image: "exit 1", version: "exit 0", pull: `echo Trying >&2; echo '${refusal}' >&2; exit 1` });
  expect(await whyNoImage("cache:1", bin)).toBe("Docker can't pull cache:1 (Get https://registry.example/v2/: dial tcp: lookup registry.example: no such host)");
});

it("an engine that does not run is asked to pull nothing", async () => {
  docker({ image: "exit 1", version: "exit 1", pull: "exit 0" });
  expect(await whyNoImage("cache:1", bin)).toBe("Docker does not answer");
  expect(calls()).not.toContain("pull");
  expect(said).toEqual([]);
});

it("an engine that hangs keeps nothing waiting for long", async () => {
  docker({ image: "exec sleep 300" });
  expect(await whyNoImage("cache:1", `${bin}:${process.env["PATH"]}`)).toBe("Docker does not answer");
  expect(calls()).toEqual(["image"]);
});
