import { describe, expect, it } from "vitest";
import { check } from "../../scripts/lib/checks/index.ts";
import { rules } from "../../scripts/lib/checks/rules/index.ts";
import { readYaml } from "../../scripts/lib/checks/yaml.ts";
import { catalogue } from "./catalogue/index.ts";
import { brief, broken, dev, optionsFor, prod, problemsOf, shop } from "./fault.ts";

it("the shop that the faults are put into has none", async () => {
  expect((await check(shop().objects, optionsFor(prod))).map(brief)).toEqual([]);
});

describe("each fault is found where it is, and nowhere else", () => {
  for (const fault of catalogue)
    it(`${fault.rule}: ${fault.fault}`, async () => {
      const problems = await problemsOf(fault);
      const expected = [fault.at].flat().map((place) => (place.startsWith("!") ? place.slice(1) : `${fault.rule} ${place}`));
      expect(problems.map(brief)).toEqual(expected);
      for (const { message, fix } of problems) expect(`${message} ${fix}`).not.toMatch(/undefined|\[object|NaN/);
    });
});

it("every rule has a fault that it finds", () => {
  const proven = new Set(catalogue.map(({ rule }) => rule));
  expect(rules.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
});

it("every rule has a name of its own and says in one sentence what goes wrong otherwise", () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  for (const { name, why } of rules) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(why, name).toMatch(/^\S.*[.)]$/);
  }
});

describe("the same fault weighs as much as its place", () => {
  const problemOf = async (rule: string, environment?: typeof prod) => {
    const fault = catalogue.find((fault) => fault.rule === rule)!;
    return (await check(broken(fault).objects, environment ? optionsFor(environment) : {})).find((problem) => problem.rule === rule);
  };

  it("what breaks everywhere is an error everywhere", async () => {
    expect([await problemOf("unknown-field", prod), await problemOf("unknown-field", dev), await problemOf("unknown-field")]).toMatchObject(Array(3).fill({ severity: "error" }));
  });
  it("policy of production warns in development, and for YAML of unknown destination", async () => {
    expect([await problemOf("no-liveness-probe", prod), await problemOf("no-liveness-probe", dev), await problemOf("no-liveness-probe")]).toMatchObject([
      { severity: "error" },
      { severity: "warning" },
      { severity: "warning" },
    ]);
  });
  it("what YAML from anywhere refers to may lie elsewhere", async () => {
    expect([await problemOf("dangling-service", dev), await problemOf("dangling-service")]).toMatchObject([{ severity: "error" }, { severity: "warning" }]);
  });
  it("a moving tag is what development is for", async () => {
    expect([await problemOf("latest-tag", dev), await problemOf("latest-tag")]).toEqual([undefined, undefined]);
  });
});

it("what a Secret holds is in no message", async () => {
  const { objects, get } = shop();
  Object.assign(get("Secret/api"), { data: { "bad key": 12345678, KEY: "hunter2!" }, stringData: { KEY: ["hunter3"], "no/key": "hunter4" }, datta: { x: "hunter5" } });
  const report = JSON.stringify(await check(objects, optionsFor(prod)));
  expect(report).toMatch(/schema-validation/);
  expect(report).not.toMatch(/hunter|12345678/);
});

it("fields that the cluster added to what was read from it are known", async () => {
  const object = { ...shop().get("ConfigMap/api"), metadata: { name: "api", namespace: "shop", uid: "1", resourceVersion: "2", creationTimestamp: "2026-11-23T00:00:00Z", managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:data": { "f:A": {} } } }] } };
  expect(await check([object])).toEqual([]);
});

it("a list of kubectl's is looked into", async () => {
  const list = { apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "A" } }] };
  expect((await check([list])).map(brief)).toEqual(["valid-name ConfigMap/A metadata.name"]);
});

it("a list of one kind is, too; its items have the list's line, and need not repeat what they are", async () => {
  const text = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBindingList
items:
  - metadata: { name: reader, namespace: a }
    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Rolle, name: reader }
  - { apiVersion: v1, kind: ConfigMapList, items: [{ metadata: { name: A } }] }
`;
  const problems = (await check(readYaml(text, "list.yaml").documents)).filter(({ severity }) => severity === "error");
  expect(problems.map((problem) => [brief(problem), problem.file, problem.line])).toEqual([
    ["rbac-shape RoleBinding/reader roleRef.kind", "list.yaml", 2],
    ["valid-name ConfigMap/A metadata.name", "list.yaml", 2],
  ]);
});

it("a kind of another group may have a namespace where Kubernetes' own of that name has none", async () => {
  const address = (namespace: string) => ({ apiVersion: "ipam.cluster.x-k8s.io/v1beta1", kind: "IPAddress", metadata: { name: "one", namespace } });
  expect((await check([address("a"), address("b")])).map(brief)).toEqual(["unknown-kind IPAddress/one kind", "unknown-kind IPAddress/one kind"]);
});
