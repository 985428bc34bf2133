import { expect, it } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { checkLimits, checkRootless } from "./machine-limits.ts";

const engine = { version: "28", cpus: 4, memoryBytes: 8 * 2 ** 30, rootless: false };
const files = (values: Record<string, string>) => (path: string) => Object.entries(values).find(([name]) => path.endsWith(name))?.[1];

it("warns of inotify limits that are below what kind asks for, with one command that raises them", () => {
  expect(checkLimits(engine, files({ max_user_instances: "128\n", max_user_watches: "192536\n" }))).toMatchObject([
    { what: expect.stringContaining("fs.inotify.max_user_instances is 128, fs.inotify.max_user_watches is 192536"), next: expect.stringContaining("sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288") },
  ]);
  expect(checkLimits(engine, files({ max_user_instances: "1024", max_user_watches: "524288" }))).toEqual([]);
});

it("is silent where there are no such limits, as on macOS", () => {
  expect(checkLimits(engine, () => undefined)).toEqual([]);
});

it("warns of a Docker with too little memory for the cluster and the application", () => {
  expect(checkLimits({ ...engine, memoryBytes: 2 * 2 ** 30 }, () => undefined)).toMatchObject([{ what: expect.stringContaining("2.0 GiB") }]);
});

it("knows that rootless Docker may not publish low ports, and which setting allows it", async () => {
  const read = files({ ip_unprivileged_port_start: "1024\n" });
  const rootless = (ports: number[], getcap = "") => checkRootless(fakeShell([[/getcap/, getcap]]).$, { ...engine, rootless: true }, ports, read);
  expect(await rootless([80, 443])).toMatchObject([{ what: "rootless Docker may not publish port 80 and port 443", next: expect.stringContaining("ip_unprivileged_port_start=80") }]);
  expect(await rootless([8080, 8443])).toEqual([]);
  expect(await rootless([80, 443], "/usr/bin/rootlesskit cap_net_bind_service=ep\n")).toEqual([]);
  expect(await checkRootless(fakeShell([]).$, engine, [80, 443], read)).toEqual([]);
});
