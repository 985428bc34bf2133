import { beforeEach, expect, it, vi } from "vitest";
import { dev } from "../../../manifests/environments/dev.ts";
import { prod } from "../../../manifests/environments/prod.ts";
import { fakeShell } from "../../../tests/fake-shell.ts";
import { putIntoCluster } from "./development.ts";

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
});
const values = { VALKEY_PASSWORD: "canary" };
const secret = (name: string, value: string) => ({ kind: "Secret", metadata: { name }, data: { VALKEY_PASSWORD: Buffer.from(value).toString("base64") } });
const workloads = [
  { kind: "Deployment", metadata: { name: "backend" } },
  { kind: "Deployment", metadata: { name: "landing-page" } },
  { kind: "StatefulSet", metadata: { name: "valkey" } },
];
const cluster = (...items: object[]) =>
  fakeShell([
    ["kubectl --context kind-dev --namespace dev get", JSON.stringify({ items })],
    ["kubectl --context kind-dev --namespace dev apply", ""],
    ["kubectl --context kind-dev --namespace dev rollout restart", ""],
  ]);

it("values go to kubectl by standard input and nowhere else", async () => {
  const { $, calls, inputs } = cluster();
  await putIntoCluster($, dev, values);
  const encoded = Buffer.from("canary").toString("base64");
  expect(inputs.join("")).toContain(encoded);
  for (const word of ["canary", encoded]) expect([...calls, ...said].join("\n")).not.toContain(word);
});

it("only what uses a changed value is restarted", async () => {
  const { $, calls } = cluster(secret("backend", "old"), secret("valkey", "canary"), ...workloads);
  await putIntoCluster($, dev, values);
  expect(calls.filter((call) => call.includes("restart"))).toEqual(["kubectl --context kind-dev --namespace dev rollout restart deployment/backend"]);
});

it("pods that wait for their first Secret are not restarted: they take it by themselves", async () => {
  const { $, calls } = cluster(...workloads);
  await putIntoCluster($, dev, values);
  expect(calls.some((call) => call.includes("restart"))).toBe(false);
});

it("the second run changes nothing", async () => {
  const { $, calls } = cluster(secret("backend", "canary"), secret("valkey", "canary"), ...workloads);
  await putIntoCluster($, dev, values);
  expect(calls).toHaveLength(1);
  expect(said.join()).toContain("already");
});

it("no other cluster can be meant", async () => {
  const { $, calls } = cluster();
  await expect(putIntoCluster($, prod, values)).rejects.toThrow("--apply is for the development cluster");
  expect(calls).toEqual([]);
});
