import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { $ } from "../shell.ts";
import { sourceOf } from "./git.ts";

const parent = mkdtempSync(join(tmpdir(), "git-test-"));
const clone = join(parent, "clone");
const git = (...words: string[]) => execFileSync("git", words, { cwd: clone, stdio: "ignore" });
const commit = (file: string) => (writeFileSync(join(clone, file), file), git("add", "."), git("commit", "-m", file));

beforeAll(() => {
  execFileSync("git", ["init", "--bare", "--quiet", join(parent, "remote")]);
  execFileSync("git", ["clone", "--quiet", join(parent, "remote"), clone], { stdio: "ignore" });
  git("config", "user.name", "Ann");
  git("config", "user.email", "ann@example.com");
  commit("first");
  git("push", "--quiet", "origin", "HEAD");
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

it("knows who deploys what, and that everybody can have it", async () => {
  expect(await sourceOf($, clone)).toMatchObject({ by: "Ann <ann@example.com>", commit: expect.stringMatching(/^[0-9a-f]{12}$/), beside: [], holder: expect.stringMatching(/^Ann on .+ \(process \d+\)$/) });
});

it("says what nobody else has: files and commits", async () => {
  commit("second");
  writeFileSync(join(clone, "third"), "");
  writeFileSync(join(clone, "first"), "changed");
  expect((await sourceOf($, clone)).beside).toEqual(["2 files not committed", "1 commit not pushed"]);
});

it("works outside of a repository, and says so", async () => {
  const { commit, beside } = await sourceOf($, parent);
  expect({ commit, beside }).toEqual({ commit: undefined, beside: ["no git commit"] });
});
