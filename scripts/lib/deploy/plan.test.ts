import { describe, expect, it } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { ApiError } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager, ownerLabel } from "./names.ts";
import { compare, type PlanOptions } from "./plan.ts";

const owner = "shop.prod";
const labels = { [ownerLabel]: owner };
const metadata = (name: string, more = {}) => ({ name, namespace: "prod", labels, ...more });
const namespace: KubernetesObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "prod", labels } };
const config = (data: Record<string, string>, name = "web"): KubernetesObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: metadata(name), data });
const deployment = (spec: object): KubernetesObject => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: metadata("web"), spec });

async function planned(cluster: ReturnType<typeof fakeCluster>, objects: KubernetesObject[], options: Partial<PlanOptions> = {}) {
  const steps = await compare(cluster, objects, { owner, ...options });
  return steps.map(({ change, problem, wanted }) => ({ action: change.action, name: change.object.name, fields: change.fields, conflicts: change.conflicts, remark: change.remark, problem, wanted }));
}
async function deployed(objects: KubernetesObject[], options: Parameters<typeof fakeCluster>[0] = {}) {
  const cluster = fakeCluster(options);
  for (const object of objects) await cluster.apply(object, { fieldManager });
  return cluster;
}

it("changes nothing by planning", async () => {
  const cluster = await deployed([namespace, config({ a: "1" })]);
  const before = JSON.stringify([...cluster.objects]);
  await planned(cluster, [namespace, config({ a: "2" }), config({}, "new")]);
  expect(JSON.stringify([...cluster.objects])).toBe(before);
});

it("tells what is made, changed and left", async () => {
  const cluster = await deployed([namespace, config({ a: "1", b: "2" })]);
  expect(await planned(cluster, [namespace, config({ a: "2", b: "2" }), config({}, "new")])).toMatchObject([
    { action: "unchanged" },
    { action: "update", fields: [{ path: "data.a", from: "1", to: "2" }] },
    { action: "create", name: "new" },
  ]);
});

it("plans for a namespace and a kind that come with the objects", async () => {
  const definition: KubernetesObject = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "gadgets.example.com", labels }, spec: { group: "example.com", names: { kind: "Gadget" } } };
  const gadget: KubernetesObject = { apiVersion: "example.com/v1", kind: "Gadget", metadata: metadata("g") };
  const steps = await planned(fakeCluster(), [namespace, definition, gadget, config({})]);
  expect(steps.map(({ action, problem }) => [action, problem])).toEqual(Array(4).fill(["create", undefined]));
});

it("says which kind the cluster lacks and what brings it", async () => {
  const certificate: KubernetesObject = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: metadata("web") };
  const [, step] = await planned(fakeCluster({ known: ["v1 Namespace! ConfigMap", "autoscaling/v2 HorizontalPodAutoscaler"] }), [namespace, certificate]);
  expect(step!.problem).toMatchObject({ what: "the cluster knows no Certificate of cert-manager.io/v1", next: expect.stringContaining("npm run setup") });
});

describe("somebody else's", () => {
  it.each([
    ["another project's", { labels: { [ownerLabel]: "other.prod" } }, "other.prod"],
    ["a controller's", { ownerReferences: [{ kind: "Backup", name: "nightly", uid: "1", controller: true }] }, "Backup nightly"],
    ["Helm's", { annotations: { "meta.helm.sh/release-name": "shop" } }, "Helm release shop"],
  ])("%s object is not written", async (_, more, belongsTo) => {
    const cluster = fakeCluster({ objects: [namespace, { ...config({}), metadata: { name: "web", namespace: "prod", ...more } } as KubernetesObject] });
    const [, step] = await planned(cluster, [namespace, config({ a: "1" })]);
    expect(step).toMatchObject({ action: "keep", problem: { what: `ConfigMap web belongs to ${belongsTo}`.replace("ConfigMap web", "ConfigMap prod/web") } });
  });

  it("object that has no owner is taken over, as a namespace that was made for us is", async () => {
    const cluster = fakeCluster({ objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "prod" } }] });
    expect(await planned(cluster, [namespace])).toMatchObject([{ action: "update", problem: undefined, fields: [{ path: `metadata.labels["${ownerLabel}"]`, to: owner }] }]);
  });
});

it("waits for what is being deleted instead of writing into it", async () => {
  const cluster = await deployed([namespace, config({ a: "1" })]);
  cluster.edit(config({}), (object) => Object.assign(object.metadata, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["example.com/backup"] }));
  const [, step] = await planned(cluster, [namespace, config({ a: "2" })]);
  expect(step!.problem).toMatchObject({ what: "ConfigMap prod/web is being deleted", why: "it waits for example.com/backup" });
});

describe("a field that somebody has changed", () => {
  const changed = async () => {
    const cluster = await deployed([namespace, deployment({ replicas: 2, template: { spec: { containers: [{ name: "web", image: "web:1" }] } } })]);
    cluster.edit(deployment({}), (object) => (object.spec.template.spec.containers[0].image = "web:hotfix"));
    return cluster;
  };
  const wanted = deployment({ replicas: 2, template: { spec: { containers: [{ name: "web", image: "web:2" }] } } });

  it("is named with who, where, what and what would be", async () => {
    const [, step] = await planned(await changed(), [namespace, wanted]);
    expect(step!.conflicts).toEqual([{ field: 'spec.template.spec.containers[name="web"].image', manager: "kubectl-edit", live: '"web:hotfix"', wanted: '"web:2"' }]);
    expect(step!.problem).toMatchObject({ what: "Deployment prod/web was changed by others", next: expect.stringContaining("--force-conflicts") });
    expect(step!.fields).toEqual([{ path: "spec.template.spec.containers[web].image", from: "web:hotfix", to: "web:2" }]);
  });

  it("is taken over when told to", async () => {
    const [, step] = await planned(await changed(), [namespace, wanted], { force: true });
    expect(step).toMatchObject({ action: "update", problem: undefined });
  });

  it("is not shown when it is a Secret's", async () => {
    const secret = (password: string): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: metadata("s"), data: { P: Buffer.from(password).toString("base64") } });
    const cluster = await deployed([namespace, secret("hidden-one")]);
    cluster.edit(secret(""), (object) => (object.data.P = Buffer.from("hidden-two").toString("base64")));
    const steps = await compare(cluster, [namespace, secret("hidden-three")], { owner });
    const shown = JSON.stringify(steps.map(({ change, problem }) => ({ change, problem })));
    expect(shown).toContain("kubectl-edit");
    for (const password of ["hidden-one", "hidden-two", "hidden-three"]) for (const form of [password, Buffer.from(password).toString("base64")]) expect(shown).not.toContain(form);
  });
});

describe("an autoscaler's workload", () => {
  const autoscaler: KubernetesObject = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: metadata("web"), spec: { scaleTargetRef: { kind: "Deployment", name: "web" } } };

  it("keeps its number of pods, whether the autoscaler comes with the objects or is somebody else's", async () => {
    const theirs = { ...autoscaler, metadata: { name: "web", namespace: "prod" } };
    for (const [present, wanted] of [[[theirs], []], [[], [autoscaler]]] as const) {
      const cluster = await deployed([namespace, deployment({ replicas: 2, paused: false }), ...present]);
      cluster.edit(deployment({}), (object) => (object.spec.replicas = 7), "kube-controller-manager");
      const [, step] = await planned(cluster, [namespace, deployment({ replicas: 2, paused: false }), ...wanted]);
      expect(step).toMatchObject({ action: "unchanged", problem: undefined });
    }
  });

  it("has the number of the manifests again when the autoscaler goes", async () => {
    const cluster = await deployed([namespace, deployment({ replicas: 2, paused: false }), autoscaler]);
    cluster.edit(deployment({}), (object) => (object.spec.replicas = 7), "kube-controller-manager");
    const [step] = await compare(cluster, [deployment({ replicas: 2, paused: false })], { owner });
    expect(step).toMatchObject({ takesOver: true, change: { action: "update", fields: [{ path: "spec.replicas", from: 7, to: 2 }] } });
    expect(step!.problem).toBeUndefined();
  });

  it("does not fall to one pod when its number was ours until now", async () => {
    const cluster = await deployed([namespace, deployment({ replicas: 4, paused: false })]);
    const [, step] = await planned(cluster, [namespace, deployment({ paused: false }), autoscaler]);
    expect(step!.wanted).toMatchObject({ spec: { replicas: 4 } });
    expect(step).toMatchObject({ action: "unchanged" });
  });
});

describe("a change that Kubernetes never makes in place", () => {
  const statefulSet = (serviceName: string, cpu = "1"): KubernetesObject => ({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: metadata("db"), spec: { serviceName, cpu } });
  const immutable: NonNullable<Parameters<typeof fakeCluster>[0]>["admit"] = (object, live) => {
    const [before, after] = [live?.["spec"], object["spec"]] as { serviceName?: string; cpu?: string }[];
    if (after?.cpu === "wrong") throw new ApiError(422, "Invalid", "spec.cpu: Invalid value", { causes: [{ field: "spec.cpu", message: "Invalid value" }] });
    if (live && before?.serviceName !== after?.serviceName) throw new ApiError(422, "Invalid", "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'cpu' are forbidden");
  };

  it("is explained by its fields", async () => {
    const [, step] = await planned(await deployed([namespace, statefulSet("a")], { admit: immutable }), [namespace, statefulSet("b", "2")]);
    expect(step).toMatchObject({ action: "replace", fields: [{ path: "spec.serviceName", from: "a", to: "b" }], problem: { why: "Kubernetes never changes spec.serviceName", next: expect.stringContaining("--replace") } });
  });

  it("is made by replacing when told to, and only if the new object would be taken", async () => {
    const cluster = await deployed([namespace, statefulSet("a")], { admit: immutable });
    expect((await planned(cluster, [namespace, statefulSet("b")], { replace: true }))[1]).toMatchObject({ action: "replace", problem: undefined });
    expect((await planned(cluster, [namespace, statefulSet("b", "wrong")], { replace: true }))[1]!.problem).toMatchObject({ what: "the server refuses StatefulSet prod/db" });
  });

  it("is not made where it would delete data", async () => {
    const claim = (size: string): KubernetesObject => ({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: metadata("data"), spec: { serviceName: size } });
    const cluster = await deployed([namespace, claim("1Gi")], { admit: immutable });
    expect((await planned(cluster, [namespace, claim("2Gi")], { replace: true }))[1]!.problem).toMatchObject({ why: expect.stringContaining("would delete what it holds") });
    const replaced = async () => (await planned(cluster, [namespace, claim("2Gi")], { replace: true, pruneData: true }))[1]!;
    expect(await replaced()).toMatchObject({ action: "replace", problem: undefined });
    // A claim that is in use is deleted when its pods are gone, and until then nothing could be made in its place.
    await cluster.create({ apiVersion: "v1", kind: "Pod", metadata: metadata("db-0"), spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] } });
    expect((await replaced()).problem).toMatchObject({ what: "PersistentVolumeClaim prod/data is in use", why: expect.stringContaining("Pod prod/db-0") });
  });
});

it("reports what the server refuses without the values of a Secret in its message", async () => {
  const secret: KubernetesObject = { apiVersion: "v1", kind: "Secret", metadata: metadata("s"), data: { P: Buffer.from("super-hidden-value").toString("base64") } };
  const cluster = fakeCluster({ objects: [namespace], admit: (object) => { if (object.kind === "Secret") throw new ApiError(400, "BadRequest", `can't decode ${Buffer.from("super-hidden-value").toString("base64")} or "super-hidden-value"`); } });
  const [, step] = await planned(cluster, [namespace, secret]);
  expect(step!.problem!.why).not.toMatch(/super-hidden-value|c3VwZXIt/);
});
