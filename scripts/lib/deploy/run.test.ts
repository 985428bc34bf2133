import { beforeEach, describe, expect, it, vi } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { config, deploy as deployIn, password, runOn, secret, shop, store, web } from "../../../tests/shop.ts";
import { ApiError } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { driftSince } from "./drift.ts";
import { ownerLabel } from "./names.ts";
import { revisionsIn } from "./revisions.ts";
import { carryOut, changesOf, goalOfRevision, isDone, makePlan, type Goal, type Run } from "./run.ts";

let cluster: FakeCluster;
let run: Run;
beforeEach(() => {
  cluster = fakeCluster();
  run = runOn(cluster);
  vi.spyOn(console, "error").mockImplementation(() => {});
});

const deploy = (wanted: Goal, options: Parameters<typeof carryOut>[3] = {}, surroundings = run) => deployIn(surroundings, wanted, options);
const names = (kind: string) => [...cluster.objects.values()].filter((object) => object.kind === kind && object.metadata.namespace === "prod").map(({ metadata }) => metadata.name);
const configNames = () => names("ConfigMap").filter((name) => name.startsWith("web-"));
const failing = (when: (all: readonly KubernetesObject[]) => boolean): Run => ({ ...run, wait: async (_, __, all) => { if (when(all)) throw new Error("web crashes"); } });
const text = async () => JSON.stringify(await revisionsIn(cluster, store));

it("writes down who deployed what, when, from where and with what result", async () => {
  await deploy(shop("one"));
  expect(await revisionsIn(cluster, store)).toMatchObject([{ number: 1, by: "Ann", commit: "abc", beside: "1 file not committed", result: "succeeded", images: { "web:1": "web@sha256:1" }, at: expect.stringMatching(/^\d{4}-/) }]);
});

it("has nothing to do, and writes nothing, when everything is as it should be", async () => {
  await deploy(shop("one"));
  const before = JSON.stringify([...cluster.objects]);
  expect(isDone(await makePlan(run, shop("one")))).toBe(true);
  expect(JSON.stringify([...cluster.objects])).toBe(before);
});

it("does not take for done what another deploy has just applied and still waits for", async () => {
  await deploy(shop("one"));
  let other: Promise<unknown> | undefined;
  let end = () => {};
  const meanwhile = () => new Promise<void>((applied) => (other = deploy(shop("two"), {}, { ...run, wait: () => new Promise<void>((resolve) => (applied(), (end = resolve))) })));
  const late: FakeCluster = {
    ...cluster,
    async list(...asked) {
      const answer = await cluster.list(...asked);
      if (!other) await meanwhile();
      return answer;
    },
  };
  expect(isDone(await makePlan({ ...run, cluster: late }, shop("two")))).toBe(false);
  // One wait for each wave that has pods, and one for the whole.
  const ending = setInterval(() => end(), 1);
  await other;
  clearInterval(ending);
});

it("never writes a Secret's value into a revision, plain or encoded", async () => {
  await deploy(shop("one"));
  for (const form of [password, Buffer.from(password).toString("base64")]) expect(await text()).not.toContain(form);
});

it("applies what is needed before what needs it", async () => {
  await deploy(shop("one"));
  const applied = cluster.writes.filter((line) => line.startsWith("apply ") && !line.includes("--dry-run"));
  const at = (name: string) => applied.findIndex((line) => line.includes(name));
  expect(at("Namespace")).toBeLessThan(at("ConfigMap"));
  expect(at("ConfigMap")).toBeLessThan(at("Deployment"));
  expect(at("Secret")).toBeLessThan(at("Deployment"));
});

it("deletes what is no longer wanted, after the rest, but not what holds data", async () => {
  const claim: KubernetesObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data", namespace: "prod" } };
  await deploy(shop("one", { more: [config("old", "extra"), claim] }));
  cluster.writes.length = 0;
  await deploy(shop("two"));
  expect(cluster.writes.filter((line) => line.startsWith("delete"))).toEqual(["delete ConfigMap prod/extra"]);
  expect(cluster.writes.indexOf("delete ConfigMap prod/extra")).toBeGreaterThan(cluster.writes.indexOf("apply Deployment prod/web"));
  expect(names("PersistentVolumeClaim")).toEqual(["data"]);
  const { steps } = await makePlan({ ...run, options: { pruneData: true } }, shop("two"));
  expect(steps.find(({ change }) => change.object.name === "data")!.change.action).toBe("delete");
});

it("does not delete what somebody else has taken over since", async () => {
  await deploy(shop("one", { more: [config("theirs", "extra")] }));
  cluster.edit(config("", "extra"), (object) => (object.metadata.labels[ownerLabel] = "other.prod"));
  await deploy(shop("two"));
  expect(names("ConfigMap")).toContain("extra");
});

it("deletes an autoscaler before it applies the number of pods that it would undo", async () => {
  const autoscaler: KubernetesObject = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name: "web", namespace: "prod" }, spec: { scaleTargetRef: { kind: "Deployment", name: "web" } } };
  await deploy(shop("one", { more: [autoscaler] }));
  cluster.writes.length = 0;
  await deploy(shop("two"));
  expect(cluster.writes.indexOf("delete HorizontalPodAutoscaler prod/web")).toBeLessThan(cluster.writes.indexOf("apply Deployment prod/web"));
});

describe("revisions", () => {
  it("are kept ten, with the configuration that they use, and nothing older", async () => {
    for (let number = 1; number <= 13; number++) await deploy(shop(`message ${number}`));
    const kept = await revisionsIn(cluster, store);
    expect(kept.map(({ number }) => number)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
    const used = kept.map(({ objects }) => objects.find(({ kind }) => kind === "ConfigMap")!.metadata.name);
    expect(configNames().sort()).toEqual(used.sort());
    expect(isDone(await makePlan(run, shop("message 13"))), "what the oldest uses is not yet too old").toBe(true);
  });

  it("bring configuration and Secret back, without having kept its value", async () => {
    await deploy(shop("one"));
    const before = (await cluster.get(web()))!["spec"];
    await deploy(shop("two", { value: "another-password" }));
    expect((await cluster.get(web()))!["spec"]).not.toEqual(before);
    const [, first] = await revisionsIn(cluster, store);
    await deploy(await goalOfRevision(cluster, first!));
    expect((await cluster.get(web()))!["spec"]).toEqual(before);
    expect((await revisionsIn(cluster, store))[0]).toMatchObject({ number: 3, rollbackTo: 1, result: "succeeded" });
    for (const name of names("Secret").filter((name) => name.startsWith("web-"))) expect(cluster.objects.get(`Secret prod/${name}`)!["data"]).not.toEqual({ PASSWORD: "" });
  });

  it("can't bring back a Secret that somebody has deleted, and say so before anything changes", async () => {
    await deploy(shop("one"));
    await deploy(shop("two", { value: "another-password" }));
    const [, first] = await revisionsIn(cluster, store);
    cluster.remove(first!.objects.find(({ kind }) => kind === "Secret")!);
    await expect(goalOfRevision(cluster, first!)).rejects.toMatchObject({ message: expect.stringContaining("of revision 1 is gone") });
  });
});

describe("a rollout that fails", () => {
  const broken = (all: readonly KubernetesObject[]) => all.some((object) => (object["data"] as { MESSAGE?: string } | undefined)?.MESSAGE === "broken");

  it("is written down with its reason, and completed by the same deploy when it works after all", async () => {
    await deploy(shop("one"));
    await expect(deploy(shop("broken"), {}, failing(broken))).rejects.toThrow("web crashes");
    expect((await revisionsIn(cluster, store))[0]).toMatchObject({ number: 2, result: "failed", remark: "web crashes" });
    expect(isDone(await makePlan(run, shop("broken")))).toBe(false);
    await deploy(shop("broken"));
    expect((await revisionsIn(cluster, store)).map(({ number, result }) => `${number} ${result}`)).toEqual(["2 succeeded", "1 succeeded"]);
  });

  it("is undone when told to, and still reported", async () => {
    await deploy(shop("one"));
    const before = (await cluster.get(web()))!["spec"];
    await expect(deploy(shop("broken", { more: [config("new", "extra")] }), { rollbackOnFailure: true }, failing(broken))).rejects.toThrow("web crashes");
    expect((await cluster.get(web()))!["spec"]).toEqual(before);
    expect(names("ConfigMap")).not.toContain("extra");
    expect((await revisionsIn(cluster, store)).map(({ result }) => result)).toEqual(["succeeded", "failed", "succeeded"]);
  });

  it("deletes nothing that it would have deleted", async () => {
    await deploy(shop("one", { more: [config("old", "extra")] }));
    await expect(deploy(shop("broken"), {}, failing(broken))).rejects.toThrow();
    expect(names("ConfigMap")).toContain("extra");
  });
});

it("names every object that the server refused in the same wave, and begins no later wave", async () => {
  cluster = fakeCluster({ admit: (object, _, dryRun) => { if (!dryRun && object.kind === "ConfigMap") throw new ApiError(403, "Forbidden", "exceeded quota: configmaps"); } });
  run = { ...run, cluster };
  await expect(deploy(shop("one", { more: [config("x", "extra")] }))).rejects.toMatchObject({ why: expect.stringMatching(/ConfigMap prod\/web-\w+ does not fit[^]*ConfigMap prod\/extra does not fit/) });
  expect(cluster.objects.has("Deployment prod/web")).toBe(false);
});

describe("interrupted", () => {
  it.each(["ConfigMap", "Deployment"])("while it applies its first %s, it stops, says so in the revision, and frees the lock", async (kind) => {
    const interrupt = new AbortController();
    cluster = fakeCluster({ admit: (object, _, dryRun) => { if (!dryRun && object.kind === kind) interrupt.abort(new Error("Ctrl-C")); } });
    run = { ...run, cluster, signal: interrupt.signal, wait: async (_, __, ___, signal) => signal.throwIfAborted() };
    await expect(deploy(shop("one"))).rejects.toThrow("Ctrl-C");
    expect((await revisionsIn(cluster, store))[0]).toMatchObject({ result: "interrupted" });
    expect(cluster.objects.get("Lease prod/deploy-prod")).toMatchObject({ spec: { holderIdentity: "" } });
    await deploy(shop("one"), {}, { ...run, signal: new AbortController().signal });
    expect((await revisionsIn(cluster, store))[0]).toMatchObject({ result: "succeeded" });
  });
});

describe("between the plan and its execution", () => {
  it("another deploy is noticed, and nothing is changed", async () => {
    await deploy(shop("one"));
    const plan = await makePlan(run, shop("two"));
    await deploy(shop("three"));
    const before = JSON.stringify([...cluster.objects].filter(([key]) => !key.startsWith("Lease")));
    await expect(carryOut(run, shop("two"), plan)).rejects.toMatchObject({ message: expect.stringContaining("the cluster has moved"), why: expect.stringContaining("it was made at revision 1, and now it is 2") });
    expect(JSON.stringify([...cluster.objects].filter(([key]) => !key.startsWith("Lease")))).toBe(before);
  });

  it("a change by hand of the namespace is noticed; that it is there by now is not one", async () => {
    const guarded: KubernetesObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "guarded", labels: { "pod-security.kubernetes.io/enforce": "restricted" } } };
    await deploy(shop("one", { more: [guarded] }));
    const next = shop("two", { more: [guarded] });
    const plan = await makePlan(run, next);
    cluster.edit(guarded, (object) => delete object.metadata.labels["pod-security.kubernetes.io/enforce"]);
    await expect(carryOut(run, next, plan)).rejects.toMatchObject({ why: "Namespace guarded" });
  });

  it("a change by hand is noticed; a controller's status is not one", async () => {
    await deploy(shop("one"));
    const plan = await makePlan(run, shop("two"));
    cluster.edit(web(), (object) => (object.status = { readyReplicas: 1 }), "kube-controller-manager");
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "late", namespace: "prod" } };
    await carryOut(run, shop("two"), plan);
    const next = await makePlan(run, shop("three", { more: [service] }));
    await cluster.apply({ ...service, spec: { ports: [] } } as KubernetesObject, { fieldManager: "kubectl" });
    await expect(carryOut(run, shop("three", { more: [service] }), next)).rejects.toMatchObject({ message: expect.stringContaining("the cluster has moved"), why: "Service late" });
  });
});

describe("drift", () => {
  const drift = async () => driftSince(cluster, (await revisionsIn(cluster, store))[0]!, store.owner);

  it("is none right after a deploy", async () => {
    await deploy(shop("one"));
    expect(await drift()).toEqual([]);
  });

  it("names the field, what it was and is, and who did it; for a Secret only that", async () => {
    await deploy(shop("one"));
    cluster.edit(web(), (object) => ((object.spec.template.spec.containers[0].image = "web:hotfix"), (object.metadata.labels.team = "blue")));
    const [name] = names("Secret").filter((name) => name.startsWith("web-"));
    cluster.edit({ ...secret(""), metadata: { name: name!, namespace: "prod" } }, (object) => (object.data.PASSWORD = "Y2hhbmdlZA=="));
    cluster.remove(config("", configNames()[0]!));
    const found = await drift();
    expect(found).toEqual([
      { object: expect.objectContaining({ kind: "ConfigMap" }), fields: [], remark: "is gone" },
      { object: expect.objectContaining({ kind: "Secret" }), fields: [{ path: "data.PASSWORD", from: "(secret)", to: "(secret)", managers: ["kubectl-edit"] }] },
      {
        object: expect.objectContaining({ kind: "Deployment" }),
        fields: [
          { path: "spec.template.spec.containers[web].image", from: "web:1", to: "web:hotfix", managers: ["kubectl-edit"] },
          { path: "metadata.labels.team", to: "blue", managers: ["kubectl-edit"] },
        ],
      },
    ]);
    expect(JSON.stringify(found)).not.toContain("Y2hhbmdlZA==");
  });
});

it("shows no secret values in its changes", async () => {
  await deploy(shop("one"));
  const shown = JSON.stringify(changesOf(await makePlan(run, shop("two", { value: "another-password" }))));
  for (const value of [password, "another-password"]) for (const form of [value, Buffer.from(value).toString("base64")]) expect(shown).not.toContain(form);
});
