import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compare, kindsOf, knownApiVersions, modelOf } from "./models.ts";

// The validators are taken for what the API knows. Whether they know all of it is seen beside the types, which the
// same generator made, but by another way.

const packages = ["kubernetes-models", "@kubernetes-models/apimachinery", "@kubernetes-models/cert-manager", "@kubernetes-models/external-secrets"];
const folderOf = (name: string) => dirname(fileURLToPath(import.meta.resolve(name === "@kubernetes-models/apimachinery" ? `${name}/apis/meta/v1/ObjectMeta` : name))).replace(/\/apis\/.*$/, "");

/** A type's fields, as the .d.ts lists them. */
function fieldsOf(types: string): string[] {
  const body = /export interface I\w+[^{]*\{\n([\s\S]*?)\n\}/.exec(types)?.[1] ?? "";
  return [...body.matchAll(/^ {4}"([^"]+)"\??:/gm)].map(([, name]) => name!);
}

/** The fields that a validator asks for. */
function fieldsRead(validate: (data: unknown) => boolean): Set<string> | "any" {
  const read = new Set<string>();
  let isMap = false;
  const note = (_: object, key: string | symbol) => void (typeof key === "string" && read.add(key));
  validate(new Proxy({}, { get: note, has: (_, key) => (note(_, key), false), ownKeys: () => ((isMap = true), []) }));
  return isMap ? "any" : read;
}

it.each(packages)("every field of every type of %s is known, but for those that its generator loses", async (name) => {
  const folder = folderOf(name);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts") && !/(^|\/)(index\.d\.ts$|_schemas\/|node_modules\/)/.test(file));
  expect(files.length).toBeGreaterThan(20);
  const unknown = new Set<string>();
  let checked = 0;
  for (const file of files) {
    const fields = fieldsOf(readFileSync(join(folder, file), "utf8"));
    const schema = /from"([^"]*_schemas\/[^"]+)"/.exec(readFileSync(join(folder, file.replace(/\.d\.ts$/, ".js")), "utf8"))?.[1];
    if (fields.length === 0 || !schema) continue;
    const { validate } = (await import(/* @vite-ignore */ join(folder, dirname(file), schema))) as { validate: (data: unknown) => boolean };
    const read = fieldsRead(validate);
    checked++;
    if (read !== "any") for (const field of fields) if (!read.has(field)) unknown.add(`${file.replace(/^.*\/|\.d\.ts$/g, "")} ${field}`);
  }
  expect(checked).toBeGreaterThan(20);
  const lost = (field: string) =>
    /^(CustomResourceColumnDefinition|ExternalDocumentation|JSONSchemaProps|PriorityClass) description$/.test(field) || /^JSONSchemaProps x-kubernetes-/.test(field);
  expect([...unknown].filter((field) => !lost(field))).toEqual([]);
  // If they come back, the exception in models.ts can go.
  if (name === "kubernetes-models") expect([...unknown].filter(lost)).toContain("PriorityClass description");
});

describe("a model", () => {
  const pick = (model: Awaited<ReturnType<typeof modelOf>>) => [model?.apiVersion, model?.kind];

  it("is found by apiVersion and kind, of each package", async () => {
    const kinds = [["v1", "Pod"], ["apps/v1", "Deployment"], ["cert-manager.io/v1", "Certificate"], ["external-secrets.io/v1", "ExternalSecret"]] as const;
    for (const [apiVersion, kind] of kinds) expect(pick(await modelOf(apiVersion, kind))).toEqual([apiVersion, kind]);
  });

  it.each([["v1", "Container"], ["v1", "Podd"], ["apps/v9", "Deployment"], ["", ""], ["v1", "../../apps/v1/Deployment"], ["../v1", "Pod"], ["v1", "constructor"], ["_schemas", "X"], ["a/b/c", "Pod"]])(
    "is none for %s %s, and nothing odd is imported",
    async (apiVersion, kind) => expect(await modelOf(apiVersion, kind)).toBeUndefined(),
  );

  it("the apiVersions and kinds for suggestions are there", () => {
    expect([...knownApiVersions()]).toEqual(expect.arrayContaining(["v1", "apps/v1", "cert-manager.io/v1", "external-secrets.io/v1"]));
    expect(kindsOf("apps/v1")).toEqual(expect.arrayContaining(["Deployment", "StatefulSet"]));
  });
});

describe("comparing", () => {
  const unknownIn = async (apiVersion: string, kind: string, fields: object) => {
    const model = await modelOf(apiVersion, kind);
    return compare(model!, { apiVersion, kind, ...fields }).unknown.map(({ path }) => path.join("."));
  };

  it("takes any key where any is right", async () => {
    expect(await unknownIn("v1", "ConfigMap", { metadata: { labels: { x: "y" }, annotations: { "a/b": "c" } }, data: { anything: "x" } })).toEqual([]);
    expect(await unknownIn("v1", "Pod", { spec: { containers: [{ name: "a", resources: { limits: { "example.com/gpu": 1 } } }] } })).toEqual([]);
  });
  it("does not look into what is free", async () => {
    const definition = { spec: { versions: [{ name: "v1", schema: { openAPIV3Schema: { description: "x", default: { any: { thing: 1 } }, properties: { a: { "x-kubernetes-int-or-string": true } } } } }] } };
    expect(await unknownIn("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition)).toEqual([]);
  });
  it("finds a field in a list in a map in an object, and one that shadows what every object has", async () => {
    expect(await unknownIn("v1", "Pod", { spec: { containers: [{}, { env: [{ naem: "x" }] }], constructor: 1, toString: 2 } })).toEqual(["spec.containers.1.env.0.naem", "spec.constructor", "spec.toString"]);
  });
  it("sees a value that two places share in both", async () => {
    const probe = { httpGett: {} };
    expect(await unknownIn("v1", "Pod", { spec: { containers: [{ livenessProbe: probe, readinessProbe: probe }] } })).toHaveLength(2);
  });
});
