import { expect, it } from "vitest";
import { inspected } from "../../../tests/fake-machine.ts";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { markPath, type ClusterSettings } from "./cluster-settings.ts";
import { readContainers } from "./docker.ts";
import { examineMachine, wantedPorts } from "./preflight.ts";

const settings = { name: "dev", httpPort: 80, httpsPort: 443, registry: { name: "dev-registry", address: "127.0.0.1:5001", port: 5001 } } as ClusterSettings;
const node = (changes = {}) => inspected("dev-control-plane", { mounts: [markPath], ports: { 80: 80, 443: 443 }, ...changes });
const registry = inspected("dev-registry", { labels: { "typescript-kubernetes-starter/cluster": "dev" }, ports: { 5000: 5001 } });

it("asks for no port again that its own running containers hold", () => {
  const wanted = (...containers: object[]) => {
    const [first, second] = readContainers(JSON.stringify(containers));
    return wantedPorts(settings, first ? [first] : [], second).map(({ port }) => port);
  };
  expect(wanted()).toEqual([80, 443, 5001]);
  expect(wanted(node(), registry)).toEqual([]);
  expect(wanted(node({ running: false }), registry)).toEqual([80, 443]);
  expect(wanted(node({ mounts: [] }), registry)).toEqual([80, 443]);
});

it("does not refuse ports to rootless Docker that the cluster publishes already", async () => {
  const { $ } = fakeShell([
    ["docker info", JSON.stringify({ ServerVersion: "28.2.2", NCPU: 4, MemTotal: 1e9, SecurityOptions: ["name=rootless"] })],
    ["docker ps --all", "dev-control-plane\n"],
    ["docker container inspect", JSON.stringify([node(), registry])],
  ]);
  const read = (path: string) => (path.endsWith("ip_unprivileged_port_start") ? "1024\n" : undefined);
  expect((await examineMachine($, settings, read)).problems.filter(({ what }) => what.includes("rootless"))).toEqual([]);
  expect((await examineMachine($, { ...settings, httpPort: 81 }, read)).problems).toContainEqual(expect.objectContaining({ what: "rootless Docker may not publish port 81" }));
});
