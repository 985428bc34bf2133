import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Environment } from "../../../manifests/environment.ts";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { prepare } from "./prepare.ts";
import { makePlan, type Goal, type Run } from "./run.ts";
import { goalOfPlan, readPlan, savePlan } from "./saved.ts";

const folder = mkdtempSync(join(tmpdir(), "saved-"));
const file = join(folder, "plan.json");
afterAll(() => rmSync(folder, { recursive: true }));

const cluster = fakeCluster();
const run = { environment: { name: "prod" } as Environment, cluster, store: { owner: "shop.prod", namespace: "prod", name: "prod" }, source: async () => ({ by: "Ann", holder: "Ann", commit: "abc", beside: [] }), signal: new AbortController().signal, options: { replace: true } } satisfies Omit<Run, "wait">;
const secret = (value: string, name = "web"): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "prod" }, data: { PASSWORD: Buffer.from(value).toString("base64") } });
const namespace: KubernetesObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "prod" } };
const rendered = (value: string) => prepare([namespace, secret(value)], "shop.prod", new Map());
const goal = (value: string): Goal => ({ objects: rendered(value), images: { "web:1": "web@sha256:1" } });

it("saves what will be done, with what it was asked with, and no secret value", async () => {
  await savePlan(file, run, "uid-1", goal("hidden-password"), await makePlan(run, goal("hidden-password")));
  expect(readPlan(file)).toMatchObject({ environment: "prod", cluster: { context: "kind-dev", uid: "uid-1" }, commit: "abc", revision: 0, options: { replace: true }, images: { "web:1": "web@sha256:1" }, changes: [{ action: "create" }, { action: "create" }] });
  expect(readFileSync(file, "utf8")).not.toMatch(/hidden-password|aGlkZGVu/);
  expect(statSync(file).isFile()).toBe(true);
});

it("is completed with the values that were planned, and with no others", async () => {
  const saved = readPlan(file);
  expect((await goalOfPlan(cluster, saved, rendered("hidden-password"))).objects[1]!["data"]).toEqual(secret("hidden-password")["data"]);
  await expect(goalOfPlan(cluster, saved, rendered("rotated-since"))).rejects.toThrow("Secret prod/web is not what was planned");
});

it("takes the values from the cluster where the plan leaves them as they are there", async () => {
  const there = fakeCluster({ objects: [namespace, rendered("hidden-password")[1]!] });
  expect((await goalOfPlan(there, readPlan(file), rendered("rotated-since"))).objects[1]!["data"]).toEqual(secret("hidden-password")["data"]);
});

it("is of the commit that it was made from, wherever it is carried out", async () => {
  const dirty = { ...run, source: async () => ({ by: "Ann", holder: "Ann", commit: "abc", beside: ["3 files not committed"] }) };
  await savePlan(file, dirty, "uid-1", goal("hidden-password"), await makePlan(run, goal("hidden-password")));
  expect(await goalOfPlan(cluster, readPlan(file), rendered("hidden-password"))).toMatchObject({ commit: "abc", beside: ["3 files not committed"] });
});

it.each(["{}", "[]", "no json", '{"format":2}'])("refuses %s", (text) => {
  const other = join(folder, "other.json");
  writeFileSync(other, text);
  expect(() => readPlan(other)).toThrow("is not a saved plan");
});
