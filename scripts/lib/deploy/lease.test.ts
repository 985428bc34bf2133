import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { lock } from "./lease.ts";

const place = { namespace: "default", name: "prod" };
const reference = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "deploy-prod", namespace: "default" } };
/** Long enough for a process that is held up not to look killed; short where that is waited for. */
const times = { expiry: 5000, renewal: 50 };
const holder = async (cluster: ReturnType<typeof fakeCluster>) => ((await cluster.get(reference))?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity;

it("tells a second deploy who is at work, for as long as it lasts", async () => {
  const cluster = fakeCluster();
  const first = await lock(cluster, place, "Ann on laptop", undefined, times);
  await expect(lock(cluster, place, "Ben on desktop", undefined, times)).rejects.toMatchObject({ message: "prod is being deployed by Ann on laptop" });
  await first.release();
  const second = await lock(cluster, place, "Ben on desktop", undefined, times);
  expect(await holder(cluster)).toBe("Ben on desktop");
  await second.release();
});

it("takes the lock of a killed deploy when it is no longer renewed, whatever the clocks say", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const cluster = fakeCluster();
  await cluster.create({ ...reference, spec: { holderIdentity: "Ann on laptop", renewTime: "2999-01-01T00:00:00.000000Z" } });
  const mine = await lock(cluster, place, "Ben on desktop", undefined, { ...times, expiry: 400 });
  expect(await holder(cluster)).toBe("Ben on desktop");
  await mine.release();
});

it("stops the deploy whose lock somebody else has taken, and leaves that one's alone", async () => {
  const cluster = fakeCluster();
  const mine = await lock(cluster, place, "Ann on laptop", undefined, times);
  cluster.edit(reference, (object) => (object.spec.holderIdentity = "Ben on desktop"));
  await vi.waitFor(() => expect(mine.signal.aborted).toBe(true), 10_000);
  expect(mine.signal.reason).toMatchObject({ message: "the lock of this deploy is somebody else's now" });
  await mine.release();
  expect(await holder(cluster)).toBe("Ben on desktop");
});

it("frees it at once, also while a renewal is on its way", async () => {
  const cluster = fakeCluster();
  const update = cluster.update.bind(cluster);
  cluster.update = async (...args) => (await sleep(60), update(...args));
  const mine = await lock(cluster, place, "Ann on laptop", undefined, { expiry: 400, renewal: 10 });
  await sleep(30);
  await mine.release();
  expect(await holder(cluster)).toBe("");
});

it("lets one of many through that begin in the same moment", async () => {
  const cluster = fakeCluster();
  const all = await Promise.allSettled(["Ann", "Ben", "Cid"].map((name) => lock(cluster, place, name, undefined, times)));
  expect(all.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  for (const result of all) if (result.status === "fulfilled") await result.value.release();
});

it("does not wait on after Ctrl-C", async () => {
  const cluster = fakeCluster();
  await cluster.create({ ...reference, spec: { holderIdentity: "Ann" } });
  const interrupt = new AbortController();
  const waiting = lock(cluster, place, "Ben", interrupt.signal, { expiry: 60_000, renewal: 50 });
  interrupt.abort();
  await expect(waiting).rejects.toThrow();
  expect(await holder(cluster)).toBe("Ann");
});
