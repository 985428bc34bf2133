import { describe, expect, it } from "vitest";
import { manifests } from "../../../manifests/index.ts";
import { prod } from "../../../manifests/environments/prod.ts";
import { plain } from "../render.ts";
import { createDependencies } from "./dependencies.ts";

const workload = (name: string, container: object = {}, spec: object = {}) => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "prod" }, spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }], ...spec } } } });
const service = (name: string, app = name) => ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "prod" }, spec: { selector: { app } } });
const env = (name: string, value: string) => ({ env: [{ name, value }] });
const of = (from: object, ...others: any[]) => createDependencies([from as any, ...others])(from as any);

describe("who talks to whom is read", () => {
  it.each([
    ["an address", env("URL", "redis://valkey:6379")],
    ["a host and port", env("URL", "valkey:6379")],
    ["a login", env("URL", "redis://user:secret@valkey")],
    ["the whole name", env("HOST", "valkey.prod.svc.cluster.local")],
    ["a variable called …HOST", env("VALKEY_HOST", "valkey")],
    ["an argument", { args: ["--store=valkey:6379"] }],
  ])("from %s", (_, container) => expect(of(workload("backend", container), workload("valkey"), service("valkey"))).toEqual(["Deployment prod/valkey"]));

  it("from a ConfigMap, and from a Secret's base64", () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "env", namespace: "prod" }, data: { URL: "redis://valkey:6379" } };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "env", namespace: "prod" }, data: { URL: Buffer.from("redis://valkey:6379").toString("base64") } };
    for (const [kind, object] of [["configMapRef", map], ["secretRef", secret]] as const)
      expect(of(workload("backend", { envFrom: [{ [kind]: { name: "env" } }] }), workload("valkey"), service("valkey"), object)).toEqual(["Deployment prod/valkey"]);
  });

  it("of this project: the backend talks to valkey", () => {
    const objects = manifests(prod).map(plain);
    const backend = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "backend")!;
    expect(createDependencies(objects)(backend)).toContain("StatefulSet prod/valkey");
  });
});

describe("is not read", () => {
  it.each([
    ["from a word that is a Service's name by chance", env("NAME", "valkey")],
    ["from a longer name", env("URL", "redis://valkey-other:6379")],
    ["from another host's name", env("URL", "https://valkey.example.com")],
  ])("%s", (_, container) => expect(of(workload("backend", container), workload("valkey"), service("valkey"))).toEqual([]));

  it("from two that talk to each other: neither is first", () => {
    const a = workload("a", env("URL", "http://b:1"));
    const b = workload("b", env("URL", "http://a:1"));
    expect([of(a, b, service("a"), service("b")), of(b, a, service("a"), service("b"))]).toEqual([[], []]);
  });
});
