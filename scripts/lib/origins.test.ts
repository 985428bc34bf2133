import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { describe, expect, it } from "vitest";
import { environments } from "../../manifests/environments/index.ts";
import { waive, waiversOf } from "../../manifests/waivers.ts";
import { keepOrigin, originOf } from "./origins.ts";
import { plain, render, standsFor, toYaml } from "./render.ts";
import { readFileSync } from "node:fs";

const here = "scripts/lib/origins.test.ts";

/** The line of this file that holds a mark. */
const lineOf = (mark: string) => readFileSync(new URL(import.meta.url), "utf8").split("\n").findIndex((line) => line.includes(mark)) + 1;

describe("where an object was made", () => {
  it("is the line of `new`", () => {
    const map = new ConfigMap({ metadata: { name: "a" } }); // first mark
    expect(originOf(map)).toEqual({ file: here, line: lineOf("// first" + " mark") });
  });

  it("is the line in the helper that makes it, for that is what one edits", () => {
    const make = () => new Deployment({ metadata: { name: "a" } }); // second mark
    expect(originOf(make())).toEqual({ file: here, line: lineOf("// second" + " mark") });
  });

  it("stays with the plain object, and with what is made of that", () => {
    const object = plain(new ConfigMap({ metadata: { name: "a" } })); // third mark
    const origin = { file: here, line: lineOf("// third" + " mark") };
    expect(originOf(object)).toEqual(origin);
    expect(originOf(standsFor({ ...object }, object))).toEqual(origin);
    expect(originOf({ ...object })).toBeUndefined();
  });

  it("may be said", () => {
    expect(originOf(keepOrigin({}, { file: "app.yaml", line: 3 }))).toEqual({ file: "app.yaml", line: 3 });
    expect(originOf(keepOrigin({}, {}))).toBeUndefined();
  });

  it("is in the manifests for every object of every environment", () => {
    for (const environment of Object.values(environments))
      for (const object of render(environment)) {
        const { file, line } = originOf(object) ?? {};
        expect(file, `${object.kind} ${object.metadata.name}`).toMatch(/^manifests\/.+\.ts$/);
        const text = readFileSync(file!, "utf8").split("\n");
        expect(text[line! - 1], `${file}:${line}`).toContain(`new ${object.kind}(`);
      }
  });

  it("leaves stacks of errors as long as they were", () => {
    const before = Error.stackTraceLimit;
    new ConfigMap({ metadata: { name: "a" } });
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe("a waiver", () => {
  const exception = { rule: "latest-tag", reason: "a reason", until: "2027-01-31" } as const;
  const object = waive(exception, new ConfigMap({ metadata: { name: "a" } }));

  it("stays with the object, and with what is made of it", () => {
    expect(waiversOf(plain(object))).toEqual([exception]);
    expect(waiversOf(waive({ ...exception, rule: "env-var-secret" }, object)).map(({ rule }) => rule)).toEqual(["latest-tag", "env-var-secret"]);
    expect(waiversOf({})).toEqual([]);
  });
  it("is not in the YAML", () => expect(toYaml([plain(object)])).toBe("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"));
  it("of a rule that does not exist does not compile", () => {
    // @ts-expect-error
    waive({ rule: "latest-tga", reason: "a reason", until: "2027-01-31" }, {});
  });
});
