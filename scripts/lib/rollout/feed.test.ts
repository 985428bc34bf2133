import { describe, expect, it, vi } from "vitest";
import { ApiError, type Cluster, type WatchEvent } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { createFacts } from "./facts.ts";
import { feed, sourcesOf } from "./feed.ts";

const pod = (name: string, owner?: string): KubernetesObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "prod", ...(owner && { ownerReferences: [{ kind: owner, name: "x", uid: "x" }] }) } });
const pods = [{ apiVersion: "v1", kind: "Pod", namespace: "prod", needed: true }];
const names = (facts: ReturnType<typeof createFacts>) => facts.all("Pod").map(({ metadata }) => metadata.name);

/** Lists and watches that go as told; the last watch stays open. */
function cluster(lists: (KubernetesObject[] | ApiError)[], watches: (WatchEvent | ApiError)[][]): Cluster {
  return {
    async list() {
      const next = lists.length > 1 ? lists.shift()! : lists[0]!;
      if (next instanceof ApiError) throw next;
      return { items: next, resourceVersion: "1" };
    },
    async *watch(_: unknown, { signal }: { signal: AbortSignal }) {
      for (const step of watches.shift() ?? []) {
        if (step instanceof ApiError) throw step;
        yield step;
      }
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  } as unknown as Cluster;
}

async function run(fake: Cluster, sources = pods) {
  const facts = createFacts();
  const end = new AbortController();
  const { complete, hidden, lost } = feed(fake, sources, facts, () => {}, end.signal);
  await complete;
  return { facts, hidden, lost, end: () => end.abort() };
}

describe("facts stay true", () => {
  it("when the server has forgotten what happened since (410): everything is listed again, and what is gone goes", async () => {
    const { facts, end } = await run(cluster([[pod("a"), pod("b")], [pod("b"), pod("c")]], [[new ApiError(410, "Expired", "too old")]]));
    await vi.waitFor(() => expect(names(facts)).toEqual(["b", "c"]), 10_000);
    end();
  });

  it("when the connection breaks: the next list tells what was missed", async () => {
    const { facts, end } = await run(cluster([[pod("a")], new ApiError(0, "NoAnswer", "gone"), [pod("a"), pod("b")]], [[new ApiError(0, "NoAnswer", "gone")]]));
    await vi.waitFor(() => expect(names(facts)).toEqual(["a", "b"]), 10_000);
    end();
  });

  it("when something is deleted; but a Job's pods stay known, for they alone say why it failed", async () => {
    const { facts, end } = await run(cluster([[pod("a"), pod("job-1", "Job")]], [[{ type: "DELETED", object: pod("a") }, { type: "DELETED", object: pod("job-1", "Job") }]]));
    await vi.waitFor(() => expect(names(facts)).toEqual(["job-1"]), 10_000);
    expect(facts.all("Pod")[0]!.metadata.deletionTimestamp).toBeDefined();
    end();
  });
});

it("a server that can't answer yet is asked again, from the first list on", async () => {
  const { facts, end } = await run(cluster([new ApiError(503, "ServiceUnavailable", "etcdserver: leader changed"), [pod("a")]], []));
  expect(names(facts)).toEqual(["a"]);
  end();
});

describe("what may not be read", () => {
  const forbidden = new ApiError(403, "Forbidden", "pods is forbidden");
  it("stops the wait when it can't do without", () => expect(run(cluster([forbidden], []))).rejects.toThrow("forbidden"));
  it("stops it also when the server takes the question for wrong", () => expect(run(cluster([new ApiError(400, "BadRequest", "bad")], []))).rejects.toThrow("bad"));
  it("is named, and the rest goes on, when it would only explain", async () => {
    const { hidden, end } = await run(cluster([forbidden], []), [{ ...pods[0]!, needed: false }]);
    expect(hidden).toEqual(["Pod"]);
    end();
  });
  it("is reported when the permission is taken away meanwhile", async () => {
    const { lost, end } = await run(cluster([[], forbidden], [[new ApiError(410, "Expired", "too old")]]));
    await vi.waitFor(() => expect(lost()).toBe(forbidden), 10_000);
    end();
  });
});

it("watches nothing that nobody asked for", () => {
  const kinds = (...objects: KubernetesObject[]) => sourcesOf(objects).map(({ kind }) => kind);
  expect(kinds({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "prod" } })).toEqual([]);
  expect(kinds({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a", namespace: "prod" } })).toEqual(["Deployment", "Pod", "Event", "ReplicaSet", "PersistentVolumeClaim"]);
});
