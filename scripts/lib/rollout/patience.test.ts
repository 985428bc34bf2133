import { describe, expect, it } from "vitest";
import type { Live } from "./facts.ts";
import { createPatience } from "./patience.ts";
import type { Suspicion } from "./suspicion.ts";

const object = (name: string): Live => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "prod" } });
const suspect = (more: Partial<Suspicion> = {}): Suspicion => ({ cause: "readiness-probe", object: object("web"), reason: "", message: "", likely: "", fix: "", commands: [], finalAfter: 20, ...more });
const nobody = new Set<string>();

describe("what is suspected becomes final", () => {
  it("at once, where Kubernetes has given the answer", () => expect(createPatience()([suspect({ finalAfter: 0 })], 0, nobody).final).toHaveLength(1));

  it("when it has lasted; and says when to look again, for no change may come", () => {
    const judge = createPatience();
    expect(judge([suspect()], 1000, nobody)).toMatchObject({ final: [], lookAgain: 21_000 });
    expect(judge([suspect()], 20_999, nobody).final).toHaveLength(0);
    expect(judge([suspect()], 21_000, nobody).final).toHaveLength(1);
  });

  it("not while there is progress: then patience begins anew", () => {
    const judge = createPatience();
    judge([suspect({ state: "1 line" })], 0, nobody);
    expect(judge([suspect({ state: "2 lines" })], 19_000, nobody).final).toHaveLength(0);
    expect(judge([suspect({ state: "2 lines" })], 38_000, nobody).final).toHaveLength(0);
    expect(judge([suspect({ state: "2 lines" })], 39_000, nobody).final).toHaveLength(1);
  });

  it("not when it was gone in between: it had recovered", () => {
    const judge = createPatience();
    judge([suspect()], 0, nobody);
    judge([], 10_000, nobody);
    expect(judge([suspect()], 20_000, nobody).final).toHaveLength(0);
  });

  it("not by time alone, where only another failure can tell", () => expect(createPatience()([suspect({ finalAfter: Infinity })], 1e9, nobody).final).toHaveLength(0));
});

describe("what may be the fault of another object", () => {
  const waits = (tries: number) => suspect({ cause: "crash", tries, finalAfter: tries >= 3 ? 0 : Infinity, awaits: ["StatefulSet prod/valkey"] });
  const valkey = new Set(["StatefulSet prod/valkey"]);

  it("is not final while that is on its way, however often it fails", () => expect(createPatience()([waits(9)], 0, valkey).final).toHaveLength(0));

  it("needs a fresh failure when the other is there", () => {
    const judge = createPatience();
    judge([waits(5)], 0, valkey);
    expect(judge([waits(5)], 1000, nobody).final).toHaveLength(0);
    expect(judge([waits(6)], 30_000, nobody).final).toHaveLength(1);
  });

  it.each(["startup-probe", "liveness-probe"] as const)("needs a fresh kill by a %s, too", (cause) => {
    const judge = createPatience();
    const kills = (tries: number) => suspect({ cause, tries, finalAfter: 0, awaits: ["StatefulSet prod/valkey"] });
    judge([kills(2)], 0, valkey);
    expect(judge([kills(2)], 1000, nobody).final).toHaveLength(0);
    expect(judge([kills(3)], 30_000, nobody).final).toHaveLength(1);
  });

  it("has all of its time again, where time decides", () => {
    const judge = createPatience();
    const once = suspect({ cause: "liveness-probe", tries: 1, finalAfter: 25, awaits: ["StatefulSet prod/valkey"] });
    judge([once], 0, valkey);
    judge([once], 30_000, valkey);
    expect(judge([once], 54_999, nobody).final).toHaveLength(0);
    expect(judge([once], 55_000, nobody).final).toHaveLength(1);
  });

  it("is killed for the first time when the other is there, although it had missed probes before", () => {
    const judge = createPatience();
    judge([suspect({ cause: "startup-probe", misses: 40, finalAfter: Infinity, awaits: ["StatefulSet prod/valkey"] })], 0, valkey);
    expect(judge([suspect({ cause: "startup-probe", tries: 1, finalAfter: 0, awaits: ["StatefulSet prod/valkey"] })], 60_000, nobody).final).toHaveLength(1);
  });

  it("is final when nothing of the kind is on its way", () => expect(createPatience()([waits(3)], 0, nobody).final).toHaveLength(1));
});
