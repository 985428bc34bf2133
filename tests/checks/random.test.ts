import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../scripts/lib/checks/index.ts";
import { toAnnotations, toJson, toText } from "../../scripts/lib/checks/report.ts";
import type { Problem } from "../../scripts/lib/checks/types.ts";
import { catalogue } from "./catalogue/index.ts";
import { broken, dev, optionsFor, places, prod, put, shop } from "./fault.ts";

// Whatever a file holds, the answer is a list of problems, never a stack.

const anything = fc.anything({ withNullPrototype: false, withBigInt: false, withDate: false, withMap: false, withSet: false, withTypedArray: false });
const json = fc.jsonValue({ maxDepth: 4 });
const kinds = shop().objects.map(({ apiVersion, kind }) => ({ apiVersion, kind }));

async function report(objects: readonly unknown[]): Promise<void> {
  for (const options of [{}, optionsFor(prod), optionsFor(dev)]) {
    const problems = await check(objects, options);
    const isTold = ({ rule, severity, path, message, fix }: Problem) =>
      /^[a-z-]+$/.test(rule) && ["error", "warning"].includes(severity) && typeof path === "string" && message !== "" && fix !== "";
    expect(problems.filter((problem) => !isTold(problem))).toEqual([]);
    toText(problems);
    toAnnotations(problems);
    JSON.parse(toJson(problems));
  }
}

describe("no rule stumbles", () => {
  it("over anything at all", async () => {
    await fc.assert(fc.asyncProperty(fc.array(anything, { maxLength: 3 }), report), { numRuns: 100 });
  });

  it("over objects of known kinds that hold anything", async () => {
    const object = fc.record({ kind: fc.constantFrom(...kinds), spec: json, metadata: json, data: json, rest: fc.dictionary(fc.string(), json, { maxKeys: 2 }) });
    const objects = fc.array(object.map(({ kind, spec, metadata, data, rest }) => ({ ...rest, ...kind, spec, metadata, data })), { maxLength: 6 });
    await fc.assert(fc.asyncProperty(objects, report), { numRuns: 200 });
  });

  it("over a sound application in which one value is another", async () => {
    const all = shop().objects.flatMap((object, index) => places(object).filter(({ length }) => length > 0).map((path) => ({ index, path })));
    const value = fc.oneof(json, fc.constantFrom(null, "", -1, 0, [], {}, [null], [[]], "$(X)", "0", true, { constructor: 1 }, ["__proto__"]));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), value, async ({ index, path }, value) => {
        const { objects } = shop();
        put(objects[index], path, value);
        await report(objects);
      }),
      { numRuns: 200 },
    );
  });

  it("over a sound application in which something is missing", async () => {
    for (const [index, object] of shop().objects.entries())
      for (const path of places(object).filter(({ length }) => length > 0)) {
        const { objects } = shop();
        put(objects[index], path, undefined);
        await check(objects, optionsFor(prod));
      }
  });

  it("over several faults at once; each is still told", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.constantFrom(...catalogue), { minLength: 2, maxLength: 2 }), async ([one, other]) => {
        const { objects } = broken(one!);
        await report([...objects, ...broken(other!).objects]);
      }),
      { numRuns: 50 },
    );
  });
});

it("a check changes nothing of what it is given, and says the same twice", async () => {
  for (const fault of catalogue.filter((_, index) => index % 5 === 0)) {
    const { objects } = broken(fault);
    const before = JSON.stringify(objects);
    const first = await check(objects, optionsFor(prod));
    expect(await check(objects, optionsFor(prod))).toEqual(first);
    expect(JSON.stringify(objects)).toBe(before);
  }
});
