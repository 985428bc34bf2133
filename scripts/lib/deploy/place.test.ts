import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Environment } from "../../../manifests/environment.ts";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { ApiError } from "../cluster.ts";
import { checkPlace, contextOf, identityOfCluster, recordCluster, recordedClusters, type RecordedClusters } from "./place.ts";

const environment = (name: string, development: boolean, context?: string) => ({ name, development, context }) as Environment;
const prod = environment("prod", false, "prod");
const dev = environment("dev", true, "kind-dev");
const recorded: RecordedClusters = { prod: { context: "prod", servers: ["https://a:6443"], uid: "uid-a" }, staging: { context: "staging", servers: ["https://b:6443"], uid: "uid-b" } };
const at = (context: string, server: string) => ({ context, server });

it("lets production through at its own cluster only", () => {
  expect(checkPlace(prod, at("prod", "https://a:6443"), "uid-a", recorded)).toBe(true);
});

it("says that a first deploy goes to a cluster that nobody has written down", () => {
  expect(checkPlace(prod, at("prod", "https://a:6443"), "uid-a", {})).toBe(false);
});

it.each([
  ["the context leads to staging's cluster", "prod", "https://b:6443", "uid-b", ["server: expected https://a:6443, found https://b:6443", "identity: expected uid-a, found uid-b", "it is the cluster of staging"]],
  ["another cluster answers at the same address", "prod", "https://a:6443", "uid-new", ["identity: expected uid-a, found uid-new"]],
  ["the same cluster is reached by another address", "prod", "https://vpn:6443", "uid-a", ["server: expected https://a:6443, found https://vpn:6443", "it is the same cluster by another way"]],
  ["the environment has got another context", "prod-eu", "https://a:6443", "uid-a", ["context: expected prod, found prod-eu"]],
])("refuses when %s, and says what was expected and found", (_, context, server, uid, lines) => {
  expect(() => checkPlace(prod, at(context, server), uid, recorded)).toThrow(expect.objectContaining({ message: "this is not the cluster of prod", why: expect.stringContaining(lines.join("\n")) }));
});

it("lets development go to clusters that are made anew every day, but to none that is recorded", () => {
  expect(checkPlace(dev, at("kind-dev", "https://127.0.0.1:1"), "uid-today", recorded)).toBe(true);
  expect(() => checkPlace(dev, at("kind-dev", "https://127.0.0.1:1"), "uid-a", recorded)).toThrow("context kind-dev leads to the cluster of prod");
});

it("refuses to develop in a context that users rely on, before it connects", () => {
  const wrong = environment("dev", true, "prod");
  expect(() => contextOf(wrong, { dev: wrong, prod }, {})).toThrow("dev is for development, and context prod is that of prod");
  const old = environment("dev", true, "staging");
  expect(() => contextOf(old, { dev: old, prod }, recorded)).toThrow("context staging is that of staging");
  expect(contextOf(dev, { dev, prod, other: environment("other", true, "kind-dev") }, recorded)).toBe("kind-dev");
});

it("sends those to npm start who deploy what has no cluster", () => {
  expect(() => contextOf(environment("local", true), {}, {})).toThrow(expect.objectContaining({ next: "npm start" }));
});

it("says what is missing to whoever may not ask the cluster who it is", async () => {
  const forbidden = { ...fakeCluster({ context: "prod" }), get: () => Promise.reject(new ApiError(403, "Forbidden", 'namespaces "kube-system" is forbidden')) };
  await expect(identityOfCluster(forbidden)).rejects.toMatchObject({ message: "the cluster of context prod does not say who it is", next: expect.stringContaining("docs/production.md") });
});

it("keeps the other clusters when it writes one down, and refuses to go on with a file that it can't read", () => {
  const folder = mkdtempSync(join(tmpdir(), "place-"));
  const file = join(folder, "clusters.json");
  expect(recordedClusters(file)).toEqual({});
  recordCluster(prod, at("prod", "https://a:6443"), "uid-a", file);
  recordCluster(environment("staging", false, "staging"), at("staging", "https://b:6443"), "uid-b", file);
  expect(recordedClusters(file)).toEqual(recorded);
  expect(readFileSync(file, "utf8")).toMatch(/\n$/);
  writeFileSync(file, "{");
  expect(() => recordedClusters(file)).toThrow("clusters.json is not JSON");
  rmSync(folder, { recursive: true });
});
