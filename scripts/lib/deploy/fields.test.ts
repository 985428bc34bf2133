import { expect, it } from "vitest";
import { changedFields } from "./fields.ts";

const deployment = (containers: object[], metadata: object = {}) => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", ...metadata }, spec: { template: { spec: { containers } } } });

it("names list items by what tells them apart, also when others come before them", () => {
  const from = deployment([{ name: "web", image: "web:1", env: [{ name: "A", value: "1" }] }]);
  const to = deployment([{ name: "log", image: "log:1" }, { name: "web", image: "web:2", env: [{ name: "B", value: "2" }, { name: "A", value: "1" }] }]);
  expect(changedFields(from, to)).toEqual([
    { path: "spec.template.spec.containers[web].image", from: "web:1", to: "web:2" },
    { path: "spec.template.spec.containers[web].env[B]", to: { name: "B", value: "2" } },
    { path: "spec.template.spec.containers[log]", to: { name: "log", image: "log:1" } },
  ]);
});

it("says nothing of what the server keeps for itself", () => {
  const before = deployment([], { uid: "a", resourceVersion: "1", generation: 1, managedFields: [1], annotations: { "deployment.kubernetes.io/revision": "1" } });
  const after = deployment([], { uid: "b", resourceVersion: "2", generation: 2, managedFields: [2], creationTimestamp: "x", annotations: { "deployment.kubernetes.io/revision": "2" } });
  expect(changedFields({ ...before, status: { ready: 1 } }, { ...after, status: { ready: 2 } })).toEqual([]);
});

it("never shows a Secret's values, whether they change, come or go, nor kubectl's copy of them", () => {
  const secret = (data: object | undefined, annotations = {}) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", annotations }, data });
  const shown = [
    ...changedFields(secret({ A: "aGlkZGVu", B: "eA==" }), secret({ A: "b3RoZXI=", C: "eQ==" })),
    ...changedFields(secret(undefined), secret({ A: "aGlkZGVu" })),
    ...changedFields(secret({ A: "aGlkZGVu" }), secret(undefined)),
    ...changedFields(secret({}, { "kubectl.kubernetes.io/last-applied-configuration": "aGlkZGVu" }), secret({})),
  ];
  expect(shown.map(({ path }) => path)).toEqual(["data.A", "data.B", "data.C", "data.A", "data.A"]);
  expect(JSON.stringify(shown)).not.toMatch(/aGlkZGVu|b3RoZXI|eA==|eQ==/);
});

it("writes paths as one would write them in code, whatever is in the names", () => {
  const from = { metadata: {}, data: {} };
  expect(changedFields(from, { metadata: { annotations: { "a.b/c": "1" } }, data: { "app.conf": "x", plain: "y" } }).map(({ path }) => path)).toEqual([
    'data["app.conf"]',
    "data.plain",
    'metadata.annotations["a.b/c"]',
  ]);
});

it("notices that only the order has changed, for it may matter", () => {
  const list = (...names: string[]) => ({ metadata: {}, spec: { initContainers: names.map((name) => ({ name })) } });
  expect(changedFields(list("a", "b"), list("b", "a"))).toEqual([{ path: "spec.initContainers", from: ["[a]", "[b]"], to: ["[b]", "[a]"] }]);
});

it("takes the same port of two protocols for two", () => {
  const ports = (udp: number) => ({ metadata: {}, spec: { ports: [{ port: 53, protocol: "TCP" }, { port: 53, protocol: "UDP", targetPort: udp }] } });
  expect(changedFields(ports(53), ports(5353))).toEqual([{ path: "spec.ports[1].targetPort", from: 53, to: 5353 }]);
});
