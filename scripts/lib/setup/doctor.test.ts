import { expect, it } from "vitest";
import { dev } from "../../../manifests/environments/dev.ts";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { inspected } from "../../../tests/fake-machine.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { readContainers } from "./docker.ts";
import { examineCluster, examineContainers, examineNames, examineTrust } from "./doctor.ts";
import type { KubernetesObject } from "../render.ts";
import type { Kind, Status } from "../trust.ts";

// Ports that nothing answers at.
const settings = { name: "dev", httpPort: 1, httpsPort: 1, registry: { name: "dev-registry", address: "127.0.0.1:1", port: 1 } } as ClusterSettings;
const machine = { versions: { docker: "28.2.2" }, engine: undefined, nodes: [], registry: undefined, problems: [], hints: [], limits: [] };
const states = (findings: readonly { state: string; what: string }[]) => findings.map(({ state, what }) => `${state}: ${what}`);
const container = (name: string, running: boolean) => readContainers(JSON.stringify([inspected(name, { running })]))[0]!;

it("does not call a machine sick on which setup was never run", async () => {
  expect(states(await examineContainers(settings, machine))).toEqual(["fine: Tools: docker 28.2.2", "hint: the cluster dev is not there"]);
});

it("tells limits and tools that are missing of a machine where the cluster runs, too", async () => {
  const found = await examineContainers(settings, { ...machine, nodes: [container("dev-control-plane", true)], limits: [{ what: "few files" }], hints: [{ what: "no tilt" }] });
  expect(states(found)).toEqual(expect.arrayContaining(["hint: few files", "hint: no tilt"]));
});

it("finds the nodes and the registry stopped, as after a restart of the machine", async () => {
  const nodes = [container("dev-control-plane", false)];
  expect(states(await examineContainers(settings, { ...machine, nodes }))).toEqual([
    "fine: Tools: docker 28.2.2",
    "wrong: the cluster dev is stopped (dev-control-plane)",
    "wrong: the registry 127.0.0.1:1 does not answer",
  ]);
});

it("finds a registry that runs and does not answer", async () => {
  const found = await examineContainers(settings, { ...machine, nodes: [container("dev-control-plane", true)], registry: container("dev-registry", true) });
  expect(states(found)).toContain("wrong: the registry 127.0.0.1:1 does not answer");
});

it("says of each part in the cluster what it waits for", async () => {
  const objects = ["ingress-nginx", "cert-manager"].flatMap((namespace): KubernetesObject[] => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "controller", namespace }, spec: {}, status: namespace === "cert-manager" ? { observedGeneration: 1, conditions: [{ type: "Available", status: "True" }] } : {} },
  ]);
  expect(states(await examineCluster(fakeCluster({ objects }), dev, settings))).toEqual([
    "wrong: ingress-nginx is not ready",
    "fine: cert-manager is ready",
    "wrong: ClusterIssuer local-ca is not ready",
    "wrong: the ingress does not answer at 127.0.0.1:1",
    "wrong: the ingress does not answer at 127.0.0.1:1",
  ]);
});

it("counts the local CA as trusted where browsers look only: on Linux neither Node's file nor the system's store", () => {
  const trusting = (...kinds: Kind[]) => (["system", "windows", "chromium", "node"] as const).map((kind): Status => ({ kind, name: `the ${kind}`, state: kinds.includes(kind) ? "trusted" : "not trusted", replaced: [] }));
  expect(examineTrust(trusting("node", "system"), "linux")).toMatchObject({ state: "hint", why: "it is trusted by the system, the node only", next: "npx zx scripts/certs.mts trust" });
  expect(examineTrust(trusting(), "linux")).toMatchObject({ state: "hint", what: expect.stringContaining("no browser trusts the local CA") });
  expect(examineTrust(trusting("node"), "darwin")).toMatchObject({ state: "hint" });
  expect(examineTrust(trusting("system"), "darwin")).toMatchObject({ state: "fine" });
  expect(examineTrust(trusting("windows"), "linux")).toMatchObject({ state: "fine" });
  expect(examineTrust(trusting("chromium", "node"), "linux")).toMatchObject({ state: "fine", what: "Trusted by the chromium, the node" });
});

it("tells names that lead elsewhere from names that only the browser knows", async () => {
  expect(await examineNames(dev, async () => "127.0.0.1")).toMatchObject({ state: "fine" });
  expect(await examineNames(dev, async () => "::1")).toMatchObject({ state: "fine" });
  expect(await examineNames(dev, async () => Promise.reject(new Error("ENOTFOUND")))).toMatchObject({ state: "hint", what: expect.stringContaining("dev.localhost, backend.dev.localhost") });
  expect(await examineNames(dev, async () => "10.0.0.5")).toMatchObject({ state: "wrong", what: expect.stringContaining("leads to another machine"), why: "your resolver answers 10.0.0.5, 10.0.0.5" });
});
