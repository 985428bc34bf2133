import { expect, it } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { explainPods, installAddon, reasons, unready } from "./addon-install.ts";
import type { Addon } from "./addons.ts";
import type { KubernetesObject } from "../render.ts";

const addon: Addon = { name: "ingress-nginx", version: "v1.15.1", path: "/x.yaml", sha256: "abc", namespace: "ingress-nginx" };
const { signal } = new AbortController();
const namespace = (applied?: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "ingress-nginx", labels: { kept: "yes" }, ...(applied && { annotations: { "typescript-kubernetes-starter/applied": applied } }) },
});
const deployment = (status: object): KubernetesObject => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "controller", namespace: "ingress-nginx" }, spec: { replicas: 1 }, status });
const available = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, conditions: [{ type: "Available", status: "True" }] };
const accepts = async () => {};

it("applies an add-on to the explicit context, and remembers which one when it is ready", async () => {
  const cluster = fakeCluster({ objects: [namespace(), deployment(available)] });
  const { $, calls } = fakeShell([["kubectl", ""]]);
  expect(await installAddon($, cluster, addon, accepts, signal)).toBe("v1.15.1");
  expect(calls).toEqual(["kubectl --context kind-dev apply --server-side --force-conflicts --field-manager setup --filename /x.yaml"]);
  expect(cluster.objects.get("Namespace ingress-nginx")!.metadata).toMatchObject({ labels: { kept: "yes" }, annotations: { "typescript-kubernetes-starter/applied": "abc" } });
});

it("writes nothing the second time", async () => {
  const cluster = fakeCluster({ objects: [namespace("abc"), deployment(available)] });
  const before = cluster.writes.length;
  expect(await installAddon(fakeShell([]).$, cluster, addon, accepts, signal)).toBe("v1.15.1 already there");
  expect(cluster.writes.slice(before)).toEqual([]);
});

it("applies again when the manifest is another, or an earlier run did not come to its end", async () => {
  for (const applied of ["old", undefined]) {
    const { $, calls } = fakeShell([["kubectl", ""]]);
    await installAddon($, fakeCluster({ objects: [namespace(applied), deployment(available)] }), addon, accepts, signal);
    expect(calls).toHaveLength(1);
  }
});

it("waits for the webhook, which answers later than its Deployment is Available", async () => {
  let asked = 0;
  const refusing = async () => {
    if (++asked < 3) throw new Error("connection refused");
  };
  await installAddon(fakeShell([["kubectl", ""]]).$, fakeCluster({ objects: [namespace(), deployment(available)] }), addon, refusing, signal);
  expect(asked).toBe(3);
});

it("gives kubectl's reason when an add-on can't be applied", async () => {
  const { $ } = fakeShell([["kubectl", { exitCode: 1, stderr: "error: the server doesn't have enough memory" }]]);
  await expect(installAddon($, fakeCluster(), addon, accepts, signal)).rejects.toMatchObject({ message: "/x.yaml can't be applied", why: "error: the server doesn't have enough memory" });
});

const pulling: KubernetesObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "controller-1", namespace: "ingress-nginx" },
  status: { containerStatuses: [{ name: "controller", state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "registry.k8s.io/x"' } } }] },
};
const warning: KubernetesObject = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e1", namespace: "ingress-nginx" },
  type: "Warning",
  reason: "FailedMount",
  message: "secret not found",
  involvedObject: { kind: "Pod", name: "controller-1" },
};

it("says what each pod waits for when the time is over, and the last warnings", async () => {
  const cluster = fakeCluster({ objects: [namespace(), deployment({}), pulling, warning] });
  const install = installAddon(fakeShell([["kubectl", ""]]).$, cluster, addon, accepts, signal, 0);
  await expect(install).rejects.toMatchObject({
    message: "ingress-nginx is not ready",
    why: 'after 0 s: waiting for controller\nPod controller-1, controller: ImagePullBackOff: Back-off pulling image "registry.k8s.io/x"\nPod controller-1: FailedMount: secret not found',
    next: expect.stringContaining("kubectl --context kind-dev --namespace ingress-nginx"),
  });
  expect(await explainPods(cluster, "elsewhere")).toEqual([]);
});

it("counts a Deployment as ready only for what its spec says now", () => {
  const ready = (status: object, generation = 1) => unready([{ ...deployment(status), metadata: { name: "web", generation } as KubernetesObject["metadata"] }]);
  expect(ready(available)).toBeUndefined();
  expect(ready(available, 2)).toBe("waiting for web");
  expect(ready({ ...available, replicas: 2 })).toBe("waiting for web");
  expect(ready({ ...available, conditions: [] })).toBe("waiting for web");
  expect(unready([])).toBe("no Deployment yet");
});

it("tells why a pod is not scheduled, and is silent about one that runs or has done its work", () => {
  const pod = (status: object) => reasons({ ...pulling, status });
  expect(pod({ conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }] })).toEqual(["Pod controller-1: not scheduled: 0/1 nodes are available"]);
  expect(pod({ containerStatuses: [{ name: "c", state: { running: {} } }] })).toEqual([]);
  expect(pod({ initContainerStatuses: [{ name: "i", state: { terminated: { exitCode: 0, reason: "Completed" } } }] })).toEqual([]);
  expect(pod({ containerStatuses: [{ name: "c", state: { terminated: { exitCode: 1, reason: "Error" } } }] })).toEqual(["Pod controller-1, c: Error"]);
});
