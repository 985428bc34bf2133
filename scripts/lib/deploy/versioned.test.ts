import { expect, it } from "vitest";
import type { KubernetesObject } from "../render.ts";
import { versionOfLabel } from "./names.ts";
import { versioned, withoutStringData } from "./versioned.ts";

const metadata = (name: string) => ({ name, namespace: "prod" });
const config = (data: Record<string, string>, name = "web"): KubernetesObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: metadata(name), data });
const secret = (data: Record<string, string>, name = "web"): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: metadata(name), data });
const deployment = (spec: object): KubernetesObject => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: metadata("web"), spec: { template: { spec: { containers: [], ...spec } } } });
const usesWeb = deployment({ containers: [{ name: "web", image: "web", envFrom: [{ configMapRef: { name: "web" } }], env: [{ name: "P", valueFrom: { secretKeyRef: { name: "web", key: "P" } } }] }] });
const names = (objects: KubernetesObject[]) => objects.map(({ metadata }) => metadata.name);

it("gives other content another name, and the same content the same, in whatever order it is written", () => {
  const name = (data: Record<string, string>) => versioned([config(data), usesWeb])[0]!.metadata.name;
  expect(name({ a: "1", b: "2" })).toBe(name({ b: "2", a: "1" }));
  expect(name({ a: "1" })).not.toBe(name({ a: "2" }));
  expect(name({ a: "1" })).toMatch(/^web-[a-z0-9]{10}$/);
});

it("lets every kind of reference follow", () => {
  const references = {
    containers: [{ name: "a", image: "a", envFrom: [{ configMapRef: { name: "web" } }, { secretRef: { name: "web" } }] }],
    initContainers: [{ name: "b", image: "b", env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "web", key: "a" } } }, { name: "Y", valueFrom: { secretKeyRef: { name: "web", key: "a" } } }] }],
    volumes: [{ name: "c", configMap: { name: "web" } }, { name: "s", secret: { secretName: "web" } }, { name: "p", projected: { sources: [{ configMap: { name: "web" } }, { secret: { name: "web" } }] } }],
  };
  const cronJob: KubernetesObject = { apiVersion: "batch/v1", kind: "CronJob", metadata: metadata("web"), spec: { jobTemplate: { spec: { template: { spec: references } } } } };
  const [map, hidden, ...workloads] = versioned([config({ a: "1" }), secret({ a: "MQ==" }), deployment(references), cronJob]);
  for (const workload of workloads) {
    const text = JSON.stringify(workload!["spec"]);
    expect(text.split(map!.metadata.name).length - 1).toBe(4);
    expect(text.split(hidden!.metadata.name).length - 1).toBe(4);
    expect(text).not.toContain('"web"');
  }
});

it("makes them immutable, and still says what they are a version of", () => {
  const [map] = versioned([config({ a: "1" }), usesWeb]);
  expect(map).toMatchObject({ immutable: true, metadata: { labels: { [versionOfLabel]: "web" } } });
});

it("leaves alone what no pod reads, and what another namespace has under the same name", () => {
  const elsewhere = { ...config({ a: "1" }), metadata: { name: "web", namespace: "other" } };
  expect(names(versioned([config({ a: "1" }, "unused"), elsewhere, config({ a: "1" }), usesWeb]))).toEqual(["unused", "web", expect.stringMatching(/^web-/), "web"]);
});

it("keeps a name that an Ingress or a Role uses; pods follow the content all the same", () => {
  const ingress: KubernetesObject = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: metadata("web"), spec: { tls: [{ secretName: "web" }] } };
  const role: KubernetesObject = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: metadata("web"), rules: [{ resources: ["configmaps"], resourceNames: ["web"] }] } as KubernetesObject;
  const template = (value: string) => {
    const objects = versioned([config({ a: value }), secret({ a: "MQ==" }), ingress, role, usesWeb]);
    expect(names(objects)).toEqual(["web", "web", "web", "web", "web"]);
    return JSON.stringify(objects[4]!["spec"]);
  };
  expect(template("1")).not.toBe(template("2"));
});

it("changes none of the objects it is given", () => {
  const objects = [config({ a: "1" }), usesWeb];
  const before = structuredClone(objects);
  versioned(objects);
  expect(objects).toEqual(before);
});

it("sees the same Secret in stringData and data", () => {
  const text: KubernetesObject = { apiVersion: "v1", kind: "Secret", metadata: metadata("web"), stringData: { P: "pässword" } };
  const plain = withoutStringData(text);
  expect(plain["stringData"]).toBeUndefined();
  expect(versioned([text, usesWeb])[0]!.metadata.name).toBe(versioned([plain, usesWeb])[0]!.metadata.name);
  expect(Buffer.from((plain["data"] as Record<string, string>)["P"]!, "base64").toString()).toBe("pässword");
});
