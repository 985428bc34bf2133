import { expect, it } from "vitest";
import { fakeCluster } from "../fake-cluster.ts";

const config = (data: Record<string, string>) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" }, data });

it("applies as a server does: no change keeps the version, a field left out goes, another's field conflicts", async () => {
  const cluster = fakeCluster();
  const first = await cluster.apply(config({ a: "1", b: "2" }), { fieldManager: "me" });
  const second = await cluster.apply(config({ a: "1", b: "2" }), { fieldManager: "me" });
  expect(second).toEqual(first);
  cluster.edit(config({}), (object) => (object.data.a = "9"));
  await expect(cluster.apply(config({ a: "1" }), { fieldManager: "me" })).rejects.toMatchObject({
    causes: [{ field: ".data.a", message: 'conflict with "kubectl-edit" using v1' }],
  });
  const forced = await cluster.apply(config({ a: "1" }), { fieldManager: "me", force: true });
  expect(forced["data"]).toEqual({ a: "1" });
});

it("keeps what a dry run would do to itself", async () => {
  const cluster = fakeCluster();
  expect(await cluster.apply(config({ a: "1" }), { fieldManager: "me", dryRun: true })).toMatchObject({ data: { a: "1" } });
  expect(await cluster.get(config({}))).toBeUndefined();
});

it("tells a watcher what is there and then what changes", async () => {
  const cluster = fakeCluster({ objects: [config({ a: "1" })] });
  const seen: string[] = [];
  for await (const { type, object } of cluster.watch({ apiVersion: "v1", kind: "ConfigMap" })) {
    seen.push(`${type} ${JSON.stringify(object["data"])}`);
    if (seen.length === 1) cluster.edit(config({}), (object) => (object.data.a = "2"));
    if (seen.length === 2) cluster.remove(config({}));
    if (seen.length === 3) break;
  }
  expect(seen).toEqual(['ADDED {"a":"1"}', 'MODIFIED {"a":"2"}', 'DELETED {"a":"2"}']);
});
