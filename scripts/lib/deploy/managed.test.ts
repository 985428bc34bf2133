import { expect, it } from "vitest";
import type { KubernetesObject } from "../render.ts";
import { addedByHand, appliedBy, managersOf, valueAt } from "./managed.ts";

const object = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    labels: { "a.b/c": "1" },
    managedFields: [
      { manager: "deploy.mts", operation: "Apply", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:name": {} } } } } } } } } },
      { manager: "kubectl-edit", operation: "Update", time: "2026-01-03T00:00:00Z", fieldsV1: { "f:metadata": { "f:labels": { "f:a.b/c": {} } }, "f:spec": { "f:replicas": {}, "f:template": { "f:metadata": { "f:annotations": { "f:kubectl.kubernetes.io/restartedAt": {} } } } } } },
      { manager: "kube-controller-manager", operation: "Update", subresource: "status", time: "2026-01-04T00:00:00Z", fieldsV1: { "f:status": { "f:replicas": {} } } },
    ],
  },
  spec: { replicas: 3, template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } }, spec: { containers: [{ name: "log", image: "log" }, { name: "web", image: "web:1", ports: [{ containerPort: 80, protocol: "TCP", name: "http" }] }] } } },
} as unknown as KubernetesObject;

it("finds who owns a field, the last writer first, in the server's way of writing paths and in ours", () => {
  expect(managersOf(object, ".spec.replicas")).toEqual(["kubectl-edit", "deploy.mts"]);
  expect(managersOf(object, 'spec.template.spec.containers[name="web"].image')).toEqual(["deploy.mts"]);
  expect(managersOf(object, "spec.template.spec.containers[web].image")).toEqual(["deploy.mts"]);
  expect(managersOf(object, "spec.template.spec.containers[log].image")).toEqual([]);
  expect(managersOf(object, 'metadata.labels["a.b/c"]')).toEqual(["kubectl-edit"]);
});

it("finds what is at a path", () => {
  expect(valueAt(object, '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].name')).toBe("http");
  expect(valueAt(object, "spec.template.spec.containers[1].image")).toBe("web:1");
  expect(valueAt(object, "spec.nothing.here")).toBeUndefined();
});

it("tells what was applied from what was written otherwise", () => {
  expect(appliedBy(object, "deploy.mts", ".spec.replicas")).toBe(true);
  expect(appliedBy(object, "kubectl-edit", ".spec.replicas")).toBe(false);
});

it("lists what people have added by kubectl, but no restart", () => {
  expect(addedByHand(object, "deploy.mts")).toEqual([{ path: 'metadata.labels["a.b/c"]', manager: "kubectl-edit" }]);
});
