import { expect, it } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { ApiError } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { asNew, endLeftovers, leftoversOf, replace } from "./replace.ts";

const metadata = { name: "db", namespace: "default" };
const statefulSet = (serviceName: string): KubernetesObject => ({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { ...metadata, labels: { app: serviceName } }, spec: { serviceName } });
const pod = (name: string, ownerReferences: object[]): KubernetesObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", ownerReferences } as KubernetesObject["metadata"] });
const make = (cluster: FakeCluster) => () => cluster.apply(statefulSet("new"), { fieldManager: "deploy.mts" });
const uidOf = (object: KubernetesObject | undefined) => (object!.metadata as { uid?: string }).uid!;

it("makes a new object of the same name", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  await replace(cluster, live, make(cluster));
  const now = await cluster.get(statefulSet("new"));
  expect(now).toMatchObject({ spec: { serviceName: "new" } });
  expect(uidOf(now)).not.toBe(uidOf(live));
});

it("puts the old object back when the new one is refused after all, and says why", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")], admit: (object) => { if ((object["spec"] as { serviceName: string }).serviceName === "new") throw new ApiError(403, "Forbidden", "exceeded quota"); } });
  const live = (await cluster.get(statefulSet("old")))!;
  await expect(replace(cluster, live, make(cluster))).rejects.toMatchObject({ message: "StatefulSet default/db could not be replaced; the old one was put back", why: "exceeded quota" });
  expect(await cluster.get(statefulSet("old"))).toMatchObject({ metadata: { labels: { app: "old" } }, spec: { serviceName: "old" } });
});

it("makes the new one also when it takes the server a while to let the old one go, and Ctrl-C ends every read", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  let asked = 0;
  const slow: FakeCluster = { ...cluster, get: () => Promise.reject(new Error("interrupted")), delete: async (...args) => (++asked < 3 ? true : asked === 3 ? cluster.delete(...args) : false) };
  await replace(slow, live, make(cluster));
  expect(asked).toBe(4);
  expect(await cluster.get(live)).toMatchObject({ spec: { serviceName: "new" } });
});

it("tells both reasons when the old one can't be put back either", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  const failing = { ...cluster, create: () => Promise.reject(new ApiError(403, "Forbidden", "no right to create")) };
  await expect(replace(failing, live, () => Promise.reject(new Error("exceeded quota")))).rejects.toMatchObject({ why: "exceeded quota\nno right to create" });
});

it("puts a Job back without the selector and labels that the server made for it", () => {
  const labels = { app: "job", "controller-uid": "1", "batch.kubernetes.io/controller-uid": "1", "job-name": "job", "batch.kubernetes.io/job-name": "job" };
  const job: KubernetesObject = { apiVersion: "batch/v1", kind: "Job", metadata, spec: { selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "1" } }, template: { metadata: { labels } } } };
  expect(asNew(job)).toMatchObject({ spec: { template: { metadata: { labels: { app: "job" } } } } });
  expect(asNew(job)["spec"]).toEqual({ template: { metadata: { labels: { app: "job" } } } });
});

it("does not delete an object that somebody has made anew since the plan", async () => {
  const cluster = fakeCluster({ objects: [statefulSet("old")] });
  const live = (await cluster.get(statefulSet("old")))!;
  cluster.remove(live);
  await cluster.create(statefulSet("theirs"));
  await expect(replace(cluster, live, make(cluster))).rejects.toMatchObject({ code: 409 });
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
