import { beforeEach, expect, it, vi } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { config, deploy, namespace, runOn, secret, shop, store, web } from "../../../tests/shop.ts";
import type { KubernetesObject } from "../render.ts";
import type { Step } from "./plan.ts";
import { planRemoval, remove } from "./remove.ts";
import { makePlan, type Run } from "./run.ts";

let cluster: FakeCluster;
let run: Run;
beforeEach(() => {
  const established = { conditions: [{ type: "Established", status: "True" }] };
  cluster = fakeCluster({ admit: (object) => (object.kind === "CustomResourceDefinition" ? { ...object, status: established } : undefined) });
  run = runOn(cluster);
  vi.spyOn(console, "error").mockImplementation(() => {});
});

const names = (kind: string) => [...cluster.objects.values()].filter((object) => object.kind === kind && object.metadata.namespace === "prod").map(({ metadata }) => metadata.name);
const { signal } = new AbortController();
const ending = { locked: signal, signal };
const namespaces = ({ steps }: { steps: readonly Step[] }) => steps.filter(({ change: { action, object } }) => action === "delete" && object.kind === "Namespace").length;
const removal = async (pruneData = false) => planRemoval(cluster, store, { owner: store.owner, pruneData });

it("names and deletes everything that it made, former versions too, and leaves namespace and volumes", async () => {
  await deploy(run, shop("one"));
  await deploy(run, shop("two"));
  const claim: KubernetesObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data-db-0", namespace: "prod" } };
  await cluster.create(claim, { fieldManager: "kube-controller-manager" });
  const planned = await removal();
  expect(planned.steps.map(({ change }) => `${change.action} ${change.object.kind}`).sort()).toEqual(["delete ConfigMap", "delete ConfigMap", "delete Deployment", "delete Secret", "keep Namespace", "keep PersistentVolumeClaim"]);
  await remove(cluster, store, planned, ending);
  expect([...names("ConfigMap"), ...names("Secret"), ...names("Deployment")]).toEqual([]);
  expect(names("PersistentVolumeClaim")).toEqual(["data-db-0"]);
});

it("takes the namespace along when told to, but not while others have workloads there", async () => {
  await deploy(run, shop("one"));
  const theirs: KubernetesObject = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "theirs", namespace: "prod" }, spec: {} };
  await cluster.create(theirs);
  expect((await removal(true)).steps.find(({ change }) => change.object.kind === "Namespace")!.change).toMatchObject({ action: "keep", remark: "others use it: Deployment prod/theirs" });
  cluster.remove(theirs);
  await remove(cluster, store, await removal(true), ending);
  expect(cluster.objects.has("Namespace prod")).toBe(false);
});

it("takes the namespace along later, when it was left the first time, and no other's", async () => {
  await deploy(run, shop("one"));
  await remove(cluster, store, await removal(), ending);
  expect(namespaces(await removal())).toBe(0);
  expect(namespaces(await removal(true))).toBe(1);
  expect(namespaces(await planRemoval(cluster, { ...store, owner: "other.prod" }, { owner: "other.prod", pruneData: true }))).toBe(0);
});

it("deletes the configuration of every namespace that it deployed to", async () => {
  await deploy(run, shop("one", { more: [namespace("jobs"), config("two", "web", "jobs"), secret("another-password", "jobs"), web("web:1", "jobs")] }));
  await remove(cluster, store, await removal(), ending);
  expect([...cluster.objects.keys()].filter((key) => key.includes(" jobs/"))).toEqual([]);
});

it("names the volumes that go with the namespace as what they are: deleted", async () => {
  await deploy(run, shop("one"));
  await cluster.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data-db-0", namespace: "prod" } });
  const fate = async (pruneData: boolean) => (await removal(pruneData)).steps.find(({ change }) => change.object.name === "data-db-0")!.change.action;
  expect([await fate(false), await fate(true)]).toEqual(["keep", "delete"]);
  await cluster.create({ ...web(), metadata: { name: "theirs", namespace: "prod" } });
  expect(await fate(true), "the namespace stays, for others use it").toBe("keep");
});

const controlledBy = (kind: string, name: string) => ({ ownerReferences: [{ apiVersion: kind === "ReplicaSet" || kind === "Deployment" ? "apps/v1" : "postgresql.cnpg.io/v1", kind, name, uid: "1", controller: true }] });
const pod = (name: string, more: object): KubernetesObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "prod", ...more } });

it("takes an operator's pods for somebody else's, and those of our own workloads for ours", async () => {
  await deploy(run, shop("one"));
  await cluster.create({ apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web-1", namespace: "prod", ...controlledBy("Deployment", "web") } } as KubernetesObject);
  await cluster.create(pod("web-1-x", controlledBy("ReplicaSet", "web-1")));
  expect(namespaces(await removal(true))).toBe(1);
  await cluster.create(pod("database-1", controlledBy("Cluster", "database")));
  expect((await removal(true)).steps.find(({ change }) => change.object.kind === "Namespace")!.change).toMatchObject({ action: "keep", remark: "others use it: Pod prod/database-1" });
});

it("a deploy that drops a namespace or a definition leaves it while others rely on it, --prune-data or not", async () => {
  const definition: KubernetesObject = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "gauges.example.com" }, spec: { group: "example.com", scope: "Namespaced", names: { kind: "Gauge", plural: "gauges" }, versions: [{ name: "v1", served: true }] } };
  await deploy(run, shop("one", { more: [namespace("monitoring"), definition] }));
  const pruning = { ...run, options: { pruneData: true } };
  const fates = async () => (await makePlan(pruning, shop("one"))).steps.filter(({ change }) => ["monitoring", "gauges.example.com"].includes(change.object.name)).map(({ change }) => change.action);
  expect(await fates()).toEqual(["delete", "delete"]);
  await cluster.create({ ...web("grafana"), metadata: { name: "grafana", namespace: "monitoring" } });
  await cluster.create({ apiVersion: "example.com/v1", kind: "Gauge", metadata: { name: "theirs", namespace: "monitoring" } });
  expect(await fates()).toEqual(["keep", "keep"]);
});
