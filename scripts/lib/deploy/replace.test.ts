import { expect, it } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { ApiError } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { endLeftovers, leftoversOf, replace } from "./replace.ts";

const metadata = { name: "db", namespace: "default" };
const statefulSet = (serviceName: string): KubernetesObject => ({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { ...metadata, labels: { app: serviceName } }, spec: { serviceName } });
const pod = (name: string, ownerReferences: object[]): KubernetesObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", ownerReferences } as KubernetesObject["metadata"] });
const uidOf = (object: KubernetesObject | undefined) => (object!.metadata as { uid?: string }).uid!;

it("makes a new object of the same name", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  await replace(cluster, live, statefulSet("new"));
  const now = await cluster.get(statefulSet("new"));
  expect(now).toMatchObject({ spec: { serviceName: "new" } });
  expect(uidOf(now)).not.toBe(uidOf(live));
});

it("puts the old object back when the new one is refused after all, and says why", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")], admit: (object) => { if ((object["spec"] as { serviceName: string }).serviceName === "new") throw new ApiError(403, "Forbidden", "exceeded quota"); } });
  const live = (await cluster.get(statefulSet("old")))!;
  await expect(replace(cluster, live, statefulSet("new"))).rejects.toMatchObject({ message: "StatefulSet default/db could not be replaced; the old one was put back", why: "exceeded quota" });
  expect(await cluster.get(statefulSet("old"))).toMatchObject({ metadata: { labels: { app: "old" } }, spec: { serviceName: "old" } });
});

it("does not delete an object that somebody has made anew since the plan", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  cluster.remove(live);
  await cluster.create(statefulSet("theirs"));
  await expect(replace(cluster, live, statefulSet("new"))).rejects.toMatchObject({ code: 409 });
  expect(await cluster.get(live)).toMatchObject({ spec: { serviceName: "theirs" } });
});

it("ends only those pods that nobody took over, and no other pod that looks like them", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: uidOf(live), controller: true };
  for (const name of ["db-0", "db-1", "db-2"]) await cluster.create(pod(name, [owner]));
  await cluster.create(pod("debug", []));
  const leftovers = await leftoversOf(cluster, live);
  // As the garbage collector and the new controller would leave it: one taken over, one orphaned, one made anew.
  cluster.edit(pod("db-0", []), (object) => (object.metadata.ownerReferences = [{ ...owner, uid: "successor" }]));
  cluster.edit(pod("db-1", []), (object) => (object.metadata.ownerReferences = []));
  cluster.remove(pod("db-2", []));
  await cluster.create(pod("db-2", []));
  await endLeftovers(cluster, leftovers);
  expect([...cluster.objects.keys()].filter((key) => key.startsWith("Pod"))).toEqual(["Pod default/db-0", "Pod default/debug", "Pod default/db-2"]);
});
