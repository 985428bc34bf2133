import { beforeEach, expect, it, vi } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { deploy, runOn, shop } from "../../../tests/shop.ts";
import type { KubernetesObject } from "../render.ts";
import { readRequest } from "./flags.ts";
import { deleteAll, goalOfRollback } from "./modes.ts";
import type { Target } from "./target.ts";

let cluster: FakeCluster;
let said: string[];
const target = (surroundings: FakeCluster = cluster): Target => ({ ...runOn(surroundings), uid: "1", recorded: true });
const deleting = readRequest(["--env", "prod", "--delete", "--yes"]);
beforeEach(() => {
  cluster = fakeCluster();
  said = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
});
const objects = () => [...cluster.objects.keys()].filter((key) => /^(ConfigMap|Secret|Deployment) prod/.test(key));

it("--delete deletes what it has shown, or nothing when a deploy came in between", async () => {
  await deploy(runOn(cluster), shop("one"));
  let late = true;
  const raced: FakeCluster = {
    ...cluster,
    // The lock is the first thing that it writes.
    async update(object, options) {
      if (object.kind === "Lease" && late) {
        late = false;
        await deploy(runOn(cluster), shop("two"));
      }
      return cluster.update(object, options);
    },
  };
  await expect(deleteAll(target(raced), deleting)).rejects.toThrow("the cluster has moved");
  expect(objects().length).toBeGreaterThan(4);
  await deleteAll(target(), deleting);
  expect(objects()).toEqual([]);
});

it("a second --delete says that all is gone, and what stays", async () => {
  const claim: KubernetesObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data-db-0", namespace: "prod" } };
  await deploy(runOn(cluster), shop("one"));
  await cluster.create(claim);
  await deleteAll(target(), deleting);
  said.length = 0;
  await deleteAll(target(), deleting);
  expect(said.join("\n")).toContain("prod is already gone from kind-dev, but for PersistentVolumeClaim prod/data-db-0");
});

it("--rollback says why there is nothing to go back to", async () => {
  await expect(goalOfRollback(target(), undefined)).rejects.toThrow("nothing was deployed yet");
  await deploy(runOn(cluster), shop("one"));
  await expect(goalOfRollback(target(), 7)).rejects.toMatchObject({ message: "revision 7 is not kept", why: "kept are 1" });
  await deploy(runOn(cluster), shop("two"));
  await deploy(runOn(cluster), await goalOfRollback(target(), undefined));
  await expect(goalOfRollback(target(), undefined)).rejects.toMatchObject({ message: "there is no earlier revision that succeeded", why: "revision 3 went back to 1, and nothing before that is kept" });
});
