import { beforeEach, expect, it, vi } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { builtImages } from "../../../manifests/images.ts";
import type { Environment } from "../../../manifests/environment.ts";
import type { KubernetesObject } from "../render.ts";
import { imagesBuiltHere, pinned, provideImages, withoutTag } from "./images.ts";
import { tagsAnnotation } from "./names.ts";

const [{ folder }] = builtImages as [(typeof builtImages)[0]];
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const environment = (development: boolean) => ({ name: "x", development, registry: "registry.example.com:5000/team", tag: "1.2.3" }) as Environment;
const ours = `registry.example.com:5000/team/${folder}:1.2.3`;
const pod = (...images: string[]): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "x" },
  spec: { template: { spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) } } },
});
const answer = (letter: string) => JSON.stringify({ mediaType: "m", digest: digest(letter), size: 1 }, undefined, 2);
const silent = { exitCode: 1, stderr: "ERROR: dial tcp: no such host" };
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));

it("builds the development target where one develops, the production target elsewhere, and only what runs", () => {
  expect(imagesBuiltHere(environment(true), [pod(ours, "valkey:8")])).toEqual([{ image: withoutTag(ours), folder, target: "development" }]);
  expect(imagesBuiltHere(environment(false), [pod(ours)])).toMatchObject([{ target: "production" }]);
});

it("deploys what was pushed just now, by digest, and others' images by what their registry says", async () => {
  const { $, calls } = fakeShell([
    [/^docker build /, ""],
    ["docker push", `1.2.3: digest: ${digest("a")} size: 1577`],
    ["docker buildx imagetools inspect valkey:8", answer("b")],
  ]);
  const images = await provideImages($, environment(false), [pod(ours, "valkey:8")]);
  expect(images).toEqual(new Map([[ours, { image: `${withoutTag(ours)}@${digest("a")}`, name: ours }], ["valkey:8", { image: `valkey@${digest("b")}`, name: "valkey:8" }]]));
  expect(calls[0]).toContain(`--file ${folder}/Dockerfile --target production`);
});

it("builds nothing with --tag, and says when CI has not pushed that", async () => {
  const { $, calls } = fakeShell([["docker buildx imagetools inspect", answer("c")]]);
  const images = await provideImages($, environment(false), [pod(ours)], { tag: "abc123" });
  expect(images.get(ours)).toEqual({ image: `${withoutTag(ours)}@${digest("c")}`, name: ours.replace("1.2.3", "abc123") });
  expect(calls.some((call) => call.startsWith("docker build "))).toBe(false);
  const missing = fakeShell([["docker buildx", { exitCode: 1, stderr: "ERROR: not found" }]]);
  await expect(provideImages(missing.$, environment(false), [pod(ours)], { tag: "abc123" })).rejects.toMatchObject({ message: `${ours.replace("1.2.3", "abc123")} is not in its registry` });
});

it("shows the end of a build that fails, and the command to repeat it", async () => {
  const { $ } = fakeShell([[/^docker build /, { exitCode: 1, stderr: `${"early\n".repeat(100)}the reason` }]]);
  await expect(provideImages($, environment(true), [pod(ours)])).rejects.toMatchObject({ message: `${folder} does not build`, why: expect.stringMatching(/^(early\n){39}the reason$/), next: expect.stringContaining("docker build") });
});

it("does not let production run what nobody can name, unless told to; all such images are named at once", async () => {
  const { $ } = fakeShell([["docker buildx", silent]]);
  const objects = [pod("valkey:8", "postgres:17")];
  await expect(provideImages($, environment(false), objects)).rejects.toMatchObject({ why: expect.stringMatching(/valkey:8[^]*postgres:17/) });
  expect(await provideImages($, environment(false), objects, { allowTags: true })).toEqual(new Map());
  expect(await provideImages($, environment(true), objects)).toEqual(new Map());
});

it("stays with what was deployed last while a registry is out of reach", async () => {
  const { $ } = fakeShell([["docker buildx", silent]]);
  const last = { "valkey:8": `valkey@${digest("d")}` };
  expect((await provideImages($, environment(false), [pod("valkey:8")], { last })).get("valkey:8")!.image).toBe(last["valkey:8"]);
});

it("keeps the tag as an annotation of the workload, not of its pods: a new tag for the same image starts nothing", () => {
  const images = (name: string) => new Map([["web:1", { image: `web@${digest("a")}`, name }]]);
  const [one] = pinned([pod("web:1")], images("web:1"));
  const [two] = pinned([pod("web:1")], images("web:latest"));
  expect(one!.metadata.annotations).toEqual({ [tagsAnnotation]: '{"c0":"web:1"}' });
  expect(one!["spec"]).toEqual(two!["spec"]);
});

it.each([["a:1", "a"], ["r:5000/a", "r:5000/a"], ["r:5000/a/b:1", "r:5000/a/b"], [`r:5000/a:1@${digest("a")}`, "r:5000/a"]])("%s without its tag is %s", (reference, name) => {
  expect(withoutTag(reference)).toBe(name);
});
