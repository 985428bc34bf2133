import { createServer } from "node:https";
import { expect, it } from "vitest";
import { inspected } from "../../../tests/fake-machine.ts";
import { fakeShell, type Answer } from "../../../tests/fake-shell.ts";
import { listening } from "../../../tests/listening.ts";
import { issueCertificate } from "../ca.ts";
import { markPath, type ClusterSettings } from "./cluster-settings.ts";
import { readContainers } from "./docker.ts";
import { besidesProxy, checkNodes, ensureCluster, stages } from "./kind.ts";
import { makeAuthorityCertificate, makeKey } from "../x509.ts";

const settings: ClusterSettings = {
  name: "dev",
  context: "kind-dev",
  configPath: "kind-config.yaml",
  nodeImage: "kindest/node:v1.36.4",
  httpPort: 80,
  httpsPort: 443,
  registry: { name: "dev-registry", address: "127.0.0.1:5001", port: 5001 },
};
const { signal } = new AbortController();
const node = (changes = {}) => readContainers(JSON.stringify([inspected("dev-control-plane", { mounts: [markPath], ports: { 80: 80, 443: 443, 6443: 1 }, ...changes })]));
const complete = ["docker cp dev-control-plane:/kind/typescript-kubernetes-starter-complete", "tar"] as const;
const created = [["kind create cluster", ""], ["docker exec dev-control-plane touch", ""]] as const;
const changes = (calls: string[]) => calls.filter((call) => !/^docker (cp|ps|container inspect)/.test(call)).map((call) => call.split(" ").slice(0, 3).join(" "));

it("creates a cluster that is not there, and marks it when kind is done", async () => {
  const { $, calls } = fakeShell(created);
  expect(await ensureCluster($, settings, [], signal)).toBe("created");
  expect(calls[0]).toMatch(/--config kind-config\.yaml --name dev --image kindest\/node:v1\.36\.4 --kubeconfig .*\.cache\/kind-dev\/kubeconfig --retain$/);
  expect(changes(calls)).toEqual(["kind create cluster", "docker exec dev-control-plane"]);
});

it("replaces a cluster whose creation was interrupted: kind can't go on with it", async () => {
  for (const stderr of ["Error response from daemon: Could not find the file /kind/typescript-kubernetes-starter-complete in container dev-control-plane", "Error: No such container:path: dev-control-plane:/kind/x"]) {
    const { $, calls } = fakeShell([["docker cp", { exitCode: 1, stderr }], ["kind delete cluster --name dev", ""], ...created]);
    expect(await ensureCluster($, settings, node(), signal)).toContain("interrupted");
    expect(changes(calls)).toEqual(["kind delete cluster", "kind create cluster", "docker exec dev-control-plane"]);
  }
});

it("deletes no cluster because Docker could not be asked", async () => {
  for (const stderr of [
    "failed to connect to the docker API at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: no such file or directory",
    "Error response from daemon: cannot mount the container's file system: input/output error",
  ]) {
    const { $, calls } = fakeShell([["docker cp", { exitCode: 1, stderr }], ["kind delete cluster --name dev", ""], ...created]);
    await expect(ensureCluster($, settings, node(), signal)).rejects.toMatchObject({ name: "UserError", why: stderr });
    expect(changes(calls)).toEqual([]);
  }
});

it("gives Docker's and kind's own words when a node can't be started or a cluster not be deleted", async () => {
  const stuck = fakeShell([complete, ["docker start", { exitCode: 1, stderr: "port is already allocated" }]]);
  await expect(ensureCluster(stuck.$, settings, node({ running: false }), signal)).rejects.toMatchObject({ message: "the cluster dev can't be started", why: "port is already allocated" });
  const kept = fakeShell([["docker cp", { exitCode: 1, stderr: "Could not find the file" }], ["kind delete", { exitCode: 1, stderr: "ERROR: failed to delete nodes" }]]);
  await expect(ensureCluster(kept.$, settings, node(), signal)).rejects.toMatchObject({ message: "kind could not delete the cluster dev", why: "ERROR: failed to delete nodes" });
});

it("clears away a node that a killed setup's kind was still making", async () => {
  let attempts = 0;
  const exists: Answer = { exitCode: 1, stderr: 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "dev"' };
  const { $, calls } = fakeShell([
    ["kind create cluster", () => (++attempts === 1 ? exists : "")],
    ["docker ps", "dev-control-plane\n"],
    ["docker container inspect", JSON.stringify([inspected("dev-control-plane", { mounts: [markPath] })])],
    ["kind delete cluster --name dev", ""],
    ...created,
  ]);
  expect(await ensureCluster($, settings, [], signal)).toBe("created");
  expect(changes(calls)).toEqual(["kind create cluster", "kind delete cluster", "kind create cluster", "docker exec dev-control-plane"]);
});

it("does not clear away what somebody else made in the meantime", async () => {
  const { $, calls } = fakeShell([
    ["kind create cluster", { exitCode: 1, stderr: "ERROR: node(s) already exist" }],
    ["docker ps", "dev-control-plane\n"],
    ["docker container inspect", JSON.stringify([inspected("dev-control-plane")])],
  ]);
  await expect(ensureCluster($, settings, [], signal)).rejects.toThrow("made by someone else");
  expect(calls.join("\n")).not.toContain("kind delete");
});

it("starts the nodes that are stopped, as after a restart of Docker, and waits for the API", async () => {
  const authority = await makeKey().then(async (key) => ({ key, certificate: await makeAuthorityCertificate(key) }));
  const { certificate, key } = await issueCertificate(authority, ["127.0.0.1"]);
  let asked = 0;
  const api = createServer({ cert: certificate, key }, (_request, response) => response.writeHead(++asked === 1 ? 503 : 200).end());
  const port = await listening(api);
  try {
    const { $, calls } = fakeShell([complete, ["docker start dev-control-plane", ""]]);
    expect(await ensureCluster($, settings, node({ running: false, ports: { 80: 80, 443: 443, 6443: port } }), signal)).toBe("started");
    expect(changes(calls)).toEqual(["docker start dev-control-plane"]);
    expect(asked).toBe(2);
  } finally {
    api.close();
  }
});

it("says that the node image can't be pulled when that is why kind failed", async () => {
  const { $ } = fakeShell([["kind create cluster", { exitCode: 1, stderr: 'ERROR: failed to create cluster: failed to pull image "kindest/node:v1.36.4": dial tcp: lookup registry-1.docker.io: no such host' }]]);
  await expect(ensureCluster($, settings, [], signal)).rejects.toMatchObject({ message: expect.stringContaining("can't be pulled"), next: expect.stringContaining("KIND_NODE_IMAGE") });
});

it("passes on kind's own reason when it failed for another", async () => {
  const { $ } = fakeShell([["kind create cluster", { exitCode: 1, stderr: "Creating cluster ...\nERROR: failed to create cluster: failed to init node with kubeadm" }]]);
  await expect(ensureCluster($, settings, [], signal)).rejects.toMatchObject({ why: "ERROR: failed to create cluster: failed to init node with kubeadm" });
});

it("says that the machine's limit of watched files is used up when the node says so", async () => {
  const { $ } = fakeShell([
    ["kind create cluster", { exitCode: 1, stderr: "ERROR: failed to create cluster: could not find a log line that matches" }],
    ["docker logs", "Failed to create control group inotify object: Too many open files\n"],
  ]);
  await expect(ensureCluster($, settings, [], signal)).rejects.toMatchObject({ why: expect.stringContaining("Too many open files"), next: expect.stringContaining("fs.inotify.max_user_instances=512") });
});

it("refuses a cluster of that name that lacks the mark, and one whose ports are others than the file's", () => {
  expect(checkNodes(settings, [])).toEqual([]);
  expect(checkNodes(settings, node())).toEqual([]);
  expect(checkNodes(settings, node({ mounts: [] }))).toMatchObject([{ what: "the kind cluster dev was made by someone else" }]);
  expect(checkNodes({ ...settings, httpsPort: 8443 }, node())).toMatchObject([{ what: "the cluster dev publishes port 443 at 443, kind-config.yaml says 8443" }]);
});

it("repeats what kind says it is doing, without its pictures", () => {
  expect(stages(' • Ensuring node image (kindest/node:v1.36.1) 🖼  ...\n ✓ Ensuring node image 🖼\n • Starting control-plane 🕹️  ...\n')).toEqual([
    "ensuring node image (kindest/node:v1.36.1)",
    "starting control-plane",
  ]);
});

it("keeps the nodes from asking a company's proxy for the local registry", () => {
  expect(besidesProxy("dev-registry", { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: ".corp" })).toMatchObject({ NO_PROXY: ".corp,dev-registry" });
  expect(besidesProxy("dev-registry", { http_proxy: "http://proxy:3128" })).toMatchObject({ NO_PROXY: "dev-registry" });
  expect(besidesProxy("dev-registry", { PATH: "/bin" })).toEqual({ PATH: "/bin" });
});
