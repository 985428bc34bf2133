import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { addedByHand, appliedBy, isApplied, managersOf, valueAt } from "./managed.ts";

const object = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    labels: { "a.b/c": "1" },
    managedFields: [
      { manager: "deploy.mts", operation: "Apply", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:name": {} } } } } } } } } },
      { manager: "kubectl-edit", operation: "Update", time: "2026-01-03T00:00:00Z", fieldsV1: { "f:metadata": { "f:labels": { "f:a.b/c": {} } }, "f:spec": { "f:replicas": {}, "f:template": { "f:metadata": { "f:annotations": { "f:kubectl.kubernetes.io/restartedAt": {} } } } } } },
      { manager: "kube-controller-manager", operation: "Update", subresource: "status", time: "2026-01-04T00:00:00Z", fieldsV1: { "f:status": { "f:replicas": {} } } },
    ],
  },
  spec: { replicas: 3, template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } }, spec: { containers: [{ name: "log", image: "log" }, { name: "web", image: "web:1", ports: [{ containerPort: 80, protocol: "TCP", name: "http" }] }] } } },
} as unknown as KubernetesObject;

it("finds who owns a field, the last writer first, in the server's way of writing paths and in ours", () => {
  expect(managersOf(object, ".spec.replicas")).toEqual(["kubectl-edit", "deploy.mts"]);
  expect(managersOf(object, 'spec.template.spec.containers[name="web"].image')).toEqual(["deploy.mts"]);
  expect(managersOf(object, "spec.template.spec.containers[web].image")).toEqual(["deploy.mts"]);
  expect(managersOf(object, "spec.template.spec.containers[log].image")).toEqual([]);
  expect(managersOf(object, 'metadata.labels["a.b/c"]')).toEqual(["kubectl-edit"]);
});

it("finds what is at a path", () => {
  expect(valueAt(object, '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].name')).toBe("http");
  expect(valueAt(object, "spec.template.spec.containers[1].image")).toBe("web:1");
  expect(valueAt(object, "spec.nothing.here")).toBeUndefined();
});

it("finds names with dots, which API servers write as they are", () => {
  expect(valueAt(object, ".metadata.labels.a.b/c")).toBe("1");
  expect(valueAt(object, ".spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt")).toBe("now");
  expect(valueAt(object, ".metadata.labels.a.b/d")).toBeUndefined();
  expect(managersOf(object, ".metadata.labels.a.b/c")).toEqual(["kubectl-edit"]);
});

it("tells what was applied from what was written otherwise", () => {
  expect(appliedBy(object, "deploy.mts", ".spec.replicas")).toBe(true);
  expect(appliedBy(object, "kubectl-edit", ".spec.replicas")).toBe(false);
});

it("lists what people have added by kubectl, but no restart", () => {
  expect(addedByHand(object, "deploy.mts")).toEqual([{ path: 'metadata.labels["a.b/c"]', manager: "kubectl-edit" }]);
});

describe("without asking the server", () => {
  const metadata = { name: "web", namespace: "default", labels: { app: "web" } };
  const wanted = (spec: object = {}): KubernetesObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { replicas: 2, template: { spec: { containers: [{ name: "a", image: "a" }, { name: "b", image: "b", env: [{ name: "X", value: "1" }], args: ["-v"], ports: [{ containerPort: 80 }] }], volumes: [{ name: "tmp", emptyDir: {} }] } }, ...spec },
  });
  const deployed = async () => {
    const cluster = fakeCluster();
    await cluster.apply(wanted(), { fieldManager: "deploy.mts" });
    return cluster;
  };
  const live = async (cluster: FakeCluster) => (await cluster.get(wanted()))!;

  it("knows that nothing would change, also when others have fields of their own", async () => {
    const cluster = await deployed();
    expect(isApplied(wanted(), await live(cluster), "deploy.mts")).toBe(true);
    cluster.edit(wanted(), (object) => ((object.status = { replicas: 2 }), (object.metadata.annotations = { team: "blue" }), (object.spec.paused = false)));
    expect(isApplied(wanted(), await live(cluster), "deploy.mts")).toBe(true);
  });

  it.each([
    ["another value", wanted({ replicas: 3 })],
    ["a field more", wanted({ paused: true })],
    ["a field less", (({ spec, ...rest }) => ({ ...rest, spec: { template: (spec as { template: object }).template } }))(wanted())],
    ["a label less", { ...wanted(), metadata: { name: "web", namespace: "default" } }],
    ["containers in another order", wanted({ template: { spec: { ...((wanted()["spec"] as any).template.spec), containers: ((wanted()["spec"] as any).template.spec.containers as object[]).toReversed() } } })],
    ["another version of the API", { ...wanted(), apiVersion: "apps/v2" }],
  ])("has to ask about %s", async (_, object) => {
    expect(isApplied(object as KubernetesObject, await live(await deployed()), "deploy.mts")).toBe(false);
  });

  it("has to ask when somebody has changed a field, or is the one who applied it", async () => {
    const cluster = await deployed();
    expect(isApplied(wanted(), await live(cluster), "somebody")).toBe(false);
    cluster.edit(wanted(), (object) => (object.spec.replicas = 7));
    expect(isApplied(wanted(), await live(cluster), "deploy.mts")).toBe(false);
  });

  it("never calls unchanged what a dry run would change, whatever is applied before and after", async () => {
    const leaf = fc.constantFrom<unknown>("1", 2, true, {}, []);
    const item = fc.record({ name: fc.constantFrom("a", "b", "c"), value: leaf }, { requiredKeys: ["name"] });
    // A field has one type, as in any API.
    const map = fc.dictionary(fc.constantFrom("p", "q"), leaf);
    const spec = fc.record({ x: map, y: leaf, env: fc.uniqueArray(item, { selector: ({ name }) => name }) }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(spec, spec, fc.boolean(), async (before, after, edited) => {
        const cluster = fakeCluster();
        const object = (spec: object): KubernetesObject => ({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
        await cluster.apply(object(before), { fieldManager: "deploy.mts" });
        if (edited) cluster.edit(object({}), (live) => ((live.spec ??= {}).y = "edited"));
        const now = (await cluster.get(object({})))!;
        const then = await cluster.apply(object(after), { fieldManager: "deploy.mts", force: true, dryRun: true });
        if (isApplied(object(after), now, "deploy.mts")) expect(then["spec"]).toEqual(now["spec"]);
      }),
      { numRuns: 500 },
    );
  });
});
