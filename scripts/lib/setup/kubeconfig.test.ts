import { expect, it } from "vitest";
import { fakeShell } from "../../../tests/fake-shell.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { ensureContext } from "./kubeconfig.ts";

const settings = { name: "dev", context: "kind-dev" } as ClusterSettings;
const cluster = (server: string, ca = "Q0E=") => ({ name: "kind-dev", cluster: { server, "certificate-authority-data": ca } });
const made = `clusters:\n- name: kind-dev\n  cluster: { server: "https://127.0.0.1:39071", certificate-authority-data: Q0E= }\n`;
const config = (current: string, clusters: object[]) =>
  JSON.stringify({ "current-context": current, clusters, contexts: [{ name: "prod", context: {} }, { name: "kind-dev", context: { cluster: "kind-dev", user: "kind-dev" } }] });
const shell = (view: string, exported: { exitCode?: number } = {}) =>
  fakeShell([["kind get kubeconfig", made], ["kubectl config view", view], ["kind export kubeconfig", { exitCode: 0, ...exported }], ["kubectl config use-context", ""]]);
const changes = (calls: string[]) => calls.filter((call) => !/ (get|view) /.test(call));

it("leaves a kubeconfig as it is that knows the cluster", async () => {
  const { $, calls } = shell(config("prod", [cluster("https://127.0.0.1:39071")]));
  expect(await ensureContext($, settings)).toEqual({ outcome: "already there", current: "prod" });
  expect(changes(calls)).toEqual([]);
});

it("puts the user's current context back, which kind replaces", async () => {
  const { $, calls } = shell(JSON.stringify({ "current-context": "prod", clusters: null, contexts: [{ name: "prod" }] }));
  expect(await ensureContext($, settings)).toEqual({ outcome: "added", current: "prod" });
  expect(changes(calls)).toEqual(["kind export kubeconfig --name dev", "kubectl config use-context prod"]);
});

it("puts it back when kind fails half way too", async () => {
  const { $, calls } = shell(JSON.stringify({ "current-context": "prod", contexts: [{ name: "prod" }] }), { exitCode: 1 });
  await expect(ensureContext($, settings)).rejects.toThrow();
  expect(calls.at(-1)).toBe("kubectl config use-context prod");
});

it("lets the cluster become the current context where there was none, or one that was deleted", async () => {
  for (const view of ["", JSON.stringify({ "current-context": "gone", contexts: [{ name: "prod" }] }), JSON.stringify({ "current-context": "gone", contexts: null })]) {
    const { $, calls } = shell(view);
    expect(await ensureContext($, settings)).toEqual({ outcome: "added, now the current one", current: "kind-dev" });
    expect(changes(calls)).toEqual(["kind export kubeconfig --name dev"]);
  }
});

it("replaces a context that is left over from an earlier cluster of that name", async () => {
  for (const old of [cluster("https://127.0.0.1:40000"), cluster("https://127.0.0.1:39071", "b3RoZXI=")])
    expect(await ensureContext(shell(config("prod", [old])).$, settings)).toMatchObject({ outcome: "added" });
});
