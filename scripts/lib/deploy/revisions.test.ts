import { beforeEach, describe, expect, it, vi } from "vitest";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { deploy, runOn, shop, store } from "../../../tests/shop.ts";
import { ApiError } from "../cluster.ts";
import { revisionBefore, revisionsIn, type Revision } from "./revisions.ts";
import { goalOfRevision, isDone, makePlan, type Run } from "./run.ts";

let cluster: FakeCluster;
let run: Run;
let refused: string | undefined;
beforeEach(() => {
  refused = undefined;
  cluster = fakeCluster({ admit: (object, _, dryRun) => { if (!dryRun && object.kind === refused) throw new ApiError(403, "Forbidden", "exceeded quota"); } });
  run = runOn(cluster);
  vi.spyOn(console, "error").mockImplementation(() => {});
});

const revisions = () => revisionsIn(cluster, store);
const results = async () => (await revisions()).map(({ number, result }) => `${number} ${result}`);
const broken = (): Run => ({ ...run, wait: async () => { throw new Error("web crashes"); } });

describe("without a number, going back means", () => {
  const before = async () => revisionBefore(await revisions())?.number;
  const goBack = async (surroundings = run) => deploy(surroundings, await goalOfRevision(cluster, revisionBefore(await revisions())!));

  it("the revision that succeeded before, and after that the one before that", async () => {
    for (const message of ["one", "two", "three"]) await deploy(run, shop(message));
    expect(await before()).toBe(2);
    await goBack();
    expect(await before()).toBe(1);
    await goBack();
    expect(await before()).toBeUndefined();
  });

  it("the same one again, when it failed or was interrupted on the way", async () => {
    for (const message of ["one", "two", "three"]) await deploy(run, shop(message));
    await expect(goBack(broken())).rejects.toThrow("web crashes");
    expect(await before()).toBe(2);
    expect((await goBack()).rollbackTo).toBe(2);
  });

  it("what served before: after a rollback and a deploy that is the rollback, not what it went back from", async () => {
    for (const message of ["one", "two"]) await deploy(run, shop(message));
    await goBack();
    await deploy(run, shop("four"));
    expect(await before()).toBe(3);
    await goBack();
    expect(await before(), "5 is 3, which is 1").toBeUndefined();
  });

  it("past what failed", async () => {
    for (const message of ["one", "two"]) await deploy(run, shop(message));
    await expect(deploy(broken(), shop("three"))).rejects.toThrow();
    expect(await before()).toBe(2);
  });
});

describe("the last revision is completed only by the very same", () => {
  it("one that was refused before it ran is not said to have succeeded when what runs is deployed again", async () => {
    await deploy(run, shop("one"));
    refused = "Deployment";
    await expect(deploy(run, shop("one", { image: "web:2" }))).rejects.toThrow("could not be applied");
    refused = undefined;
    await deploy(run, shop("one"));
    expect(await results()).toEqual(["3 succeeded", "2 failed", "1 succeeded"]);
    expect(isDone(await makePlan(run, shop("one")))).toBe(true);
  });

  it("nor one with other values in a Secret that keeps its name", async () => {
    const named = (value: string) => {
      const { objects, ...rest } = shop("one", { value });
      return { ...rest, objects: objects.filter(({ kind }) => kind !== "Deployment").map((object) => (object.kind === "Secret" ? { ...object, metadata: { ...object.metadata, name: "tls" } } : object)) };
    };
    await deploy(run, named("first"));
    refused = "Secret";
    await expect(deploy(run, named("second"))).rejects.toThrow();
    refused = undefined;
    await deploy(run, named("first"));
    expect((await results())[0]).not.toBe("2 succeeded");
  });

  it("and then without the reason why it had failed", async () => {
    await expect(deploy(broken(), shop("one"))).rejects.toThrow();
    const completed: Revision = await deploy(run, shop("one"));
    expect(completed).toMatchObject({ number: 1, result: "succeeded" });
    expect(completed.remark).toBeUndefined();
  });
});

it("clearing up after a failure begins no revision, and pushes none out", async () => {
  for (let number = 1; number <= 10; number++) await deploy(run, shop(`message ${number}`));
  await expect(deploy(broken(), shop("message 11"))).rejects.toThrow();
  for (let time = 0; time < 3; time++) if (!isDone(await makePlan(run, shop("message 11")))) await deploy(run, shop("message 11"));
  expect(isDone(await makePlan(run, shop("message 11")))).toBe(true);
  expect((await revisions()).map(({ number }) => number)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  expect([...cluster.objects.keys()].filter((key) => key.startsWith("ConfigMap prod/web-")).length).toBe(10);
});
