import { expect, it } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { inspected } from "../../../tests/fake-machine.ts";
import { checkEngine, explainEngine, inspect, readContainers } from "./docker.ts";

const info = (stdout: object | string, rest = {}) => fakeShell([["docker info", { stdout: typeof stdout === "string" ? stdout : JSON.stringify(stdout), ...rest }]]).$;

it("knows a stopped engine by the words of old and of new versions", () => {
  for (const stderr of [
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
  ])
    expect(explainEngine(stderr, "linux")).toMatchObject({ what: "Docker is not running", why: stderr });
  expect(explainEngine("Is the docker daemon running?", "darwin").next).toContain("open -a Docker");
});

it("does not take an engine that gave no version for one that runs", async () => {
  expect((await checkEngine(info({ ServerVersion: "" }))).problems).toMatchObject([{ what: "Docker is not running" }]);
});

it("says that Podman's stand-in for docker won't do", async () => {
  expect((await checkEngine(info({ host: {} }, { stderr: "Emulate Docker CLI using podman." }))).problems).toMatchObject([{ what: "the command docker is Podman here" }]);
});

it("leaves a missing docker to the check of tools, so that it is said once", async () => {
  expect(await checkEngine(info("", { exitCode: 127 }))).toEqual({ problems: [] });
});

it("refuses an engine older than kind can use", async () => {
  expect((await checkEngine(info({ ServerVersion: "19.03.15" }))).problems).toMatchObject([{ what: expect.stringContaining("19.03.15 is too old") }]);
  expect((await checkEngine(info({ ServerVersion: "20.10.24+dfsg1" }))).problems).toEqual([]);
});

it("reads ports, mounts and networks of stopped containers too", () => {
  const json = JSON.stringify([inspected("dev-control-plane", { running: false, mounts: ["/var"], ports: { 80: 8080, 6443: 39071 }, networks: ["kind"] })]);
  expect(readContainers(json)).toMatchObject([
    { name: "dev-control-plane", running: false, mounts: ["/var"], networks: ["kind"], ports: [{ container: 80, host: 8080, address: "127.0.0.1" }, { container: 6443, host: 39071 }] },
  ]);
});

it("finds the nodes when the other container does not exist, which makes docker fail", async () => {
  const { $ } = fakeShell([
    ["docker ps --all --filter label=io.x-k8s.kind.cluster=dev", "dev-control-plane\ndev-worker\n"],
    ["docker container inspect", { stdout: JSON.stringify([inspected("dev-control-plane"), inspected("dev-worker")]), stderr: "Error: No such container: dev-registry", exitCode: 1 }],
  ]);
  const { nodes, others } = await inspect($, "dev", "dev-registry");
  expect(nodes.map(({ name }) => name)).toEqual(["dev-control-plane", "dev-worker"]);
  expect(others).toEqual([]);
});
