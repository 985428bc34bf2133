import { createServer } from "node:http";
import { expect, it } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { inspected } from "../../../tests/fake-machine.ts";
import { fakeShell, type Answer } from "../../../tests/fake-shell.ts";
import { listening } from "../../../tests/listening.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { readContainers, type Container } from "./docker.ts";
import { checkRegistry, connectRegistry, createVolume, ensureRegistry } from "./registry.ts";

const settings = (port = 5001) => ({ name: "dev", registry: { name: "dev-registry", address: `127.0.0.1:${port}`, port } }) as ClusterSettings;
const labels = { "typescript-kubernetes-starter/cluster": "dev" };
const registry = (changes = {}) => inspected("dev-registry", { labels, ports: { 5000: 5001 }, networks: ["bridge", "kind"], ...changes });
const container = (changes = {}) => readContainers(JSON.stringify([registry(changes)]))[0]!;

async function answering<T>(run: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((_request, response) => response.end("{}"));
  const port = await listening(server);
  try {
    return await run(port);
  } finally {
    server.close();
  }
}

it("runs on loopback only, with its images in a volume", () =>
  answering(async (port) => {
    const { $, calls } = fakeShell([["docker run", ""]]);
    expect(await ensureRegistry($, settings(port), undefined)).toBe("created");
    expect(calls).toEqual([
      `docker run --detach --restart unless-stopped --name dev-registry --label typescript-kubernetes-starter/cluster=dev --publish 127.0.0.1:${port}:5000 --volume dev-registry:/var/lib/registry registry:3`,
    ]);
  }));

it("is left alone while it runs, started when it is stopped, made again when its port changed", () =>
  answering(async (port) => {
    const ports = { 5000: port };
    expect(await ensureRegistry(fakeShell([]).$, settings(port), container({ ports }))).toBe("already there");
    const stopped = fakeShell([["docker start dev-registry", ""]]);
    expect(await ensureRegistry(stopped.$, settings(port), container({ ports, running: false }))).toBe("started");
    const moved = fakeShell([["docker rm", ""], ["docker run", ""]]);
    await ensureRegistry(moved.$, settings(port), container({ ports: { 5000: 1 } }));
    expect(moved.calls.map((call) => call.split(" ")[1])).toEqual(["rm", "run"]);
  }));

it("gives Docker's own words and what to type when it can't be run, removed or started", async () => {
  const offline: Answer = { exitCode: 125, stderr: "Unable to find image 'registry:3' locally\ntoomanyrequests: You have reached your pull rate limit" };
  const failing = (answers: readonly (readonly [string, Answer])[], there?: Container) => ensureRegistry(fakeShell(answers).$, settings(5001), there);
  await expect(failing([["docker run", offline]])).rejects.toMatchObject({ name: "UserError", why: expect.stringContaining("toomanyrequests"), next: "docker pull registry:3   shows it" });
  await expect(failing([["docker start", { exitCode: 1, stderr: "no such network" }]], container({ running: false }))).rejects.toMatchObject({ name: "UserError", why: "no such network" });
  await expect(failing([["docker rm", { exitCode: 1, stderr: "in use" }]], container({ ports: { 5000: 1 } }))).rejects.toMatchObject({ name: "UserError", why: "in use" });
});

it("is not taken for ours without our label", () => {
  expect(checkRegistry(settings(), undefined)).toEqual([]);
  expect(checkRegistry(settings(), container())).toEqual([]);
  expect(checkRegistry(settings(), container({ labels: {} }))).toMatchObject([{ what: "the container dev-registry was made by someone else" }]);
});

it("notes on its volume that there was no network kind before, so that teardown may remove it", async () => {
  const volume = async (network: number) => {
    const { $, calls } = fakeShell([["docker volume inspect", { exitCode: 1 }], ["docker network inspect", { exitCode: network }], ["docker volume create", ""]]);
    await createVolume($, settings());
    return calls.at(-1);
  };
  expect(await volume(1)).toBe("docker volume create --label typescript-kubernetes-starter/cluster=dev --label typescript-kubernetes-starter/made-network=kind dev-registry");
  expect(await volume(0)).toBe("docker volume create --label typescript-kubernetes-starter/cluster=dev  dev-registry");
});

const inNode = '\0[host."http://dev-registry:5000"]\n\0';

it("tells every node where it is, and changes nothing when they know", async () => {
  const cluster = fakeCluster({ objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-public" } }] });
  const shows = (...containers: object[]) => ["docker container inspect", JSON.stringify(containers)] as const;
  const nodes = [inspected("dev-control-plane"), inspected("dev-worker")];
  const first = fakeShell([["docker ps", "dev-control-plane\ndev-worker\n"], shows(...nodes, registry({ networks: ["bridge"] })), ["docker cp", { exitCode: 1 }], ["docker exec", ""], ["docker network connect kind dev-registry", ""]]);
  await connectRegistry(first.$, cluster, settings());
  expect(first.calls).toContain("docker network connect kind dev-registry");
  expect(first.calls.filter((call) => call.includes("cp /dev/stdin"))).toEqual([
    "docker exec --interactive dev-control-plane cp /dev/stdin /etc/containerd/certs.d/127.0.0.1:5001/hosts.toml",
    "docker exec --interactive dev-worker cp /dev/stdin /etc/containerd/certs.d/127.0.0.1:5001/hosts.toml",
  ]);
  expect(first.inputs).toContain('[host."http://dev-registry:5000"]\n');
  expect(cluster.objects.get("ConfigMap kube-public/local-registry-hosting")).toMatchObject({ data: { "localRegistryHosting.v1": expect.stringContaining('host: "127.0.0.1:5001"') } });

  const version = () => (cluster.objects.get("ConfigMap kube-public/local-registry-hosting")!.metadata as { resourceVersion?: string }).resourceVersion;
  const before = version();
  const second = fakeShell([["docker ps", "dev-control-plane\n"], shows(nodes[0]!, registry()), ["docker cp", inNode]]);
  await connectRegistry(second.$, cluster, settings());
  expect(second.calls.filter((call) => !/^docker (ps|cp|container inspect)/.test(call))).toEqual([]);
  expect(version()).toBe(before);
});
