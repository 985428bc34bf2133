import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { fakeShell } from "../../tests/fake-shell.ts";
import { ApiError, connect, type Cluster } from "./cluster.ts";

const folder = mkdtempSync(join(tmpdir(), "cluster-test-"));
const temporary = mkdtempSync("/tmp/ct-");
const env = { ...process.env, NODE_OPTIONS: "", TMPDIR: temporary, FAKE_KUBECTL_ROUTES: pathToFileURL(join(folder, "routes.mjs")).href, PATH: `${folder}:${dirname(process.execPath)}:${process.env["PATH"]}` };
const { $ } = fakeShell([["kubectl config view --minify --context there", "https://127.0.0.1:6443"], [/kubectl config/, { exitCode: 1, stderr: "error: cannot locate context gone" }]]);
const opened: Cluster[] = [];

const routes = `
const json = (response, body, code = 200, headers = {}) => { response.writeHead(code, headers); response.end(JSON.stringify(body)); };
let busy = 2;
export function answer({ method, url, headers }, body, response) {
  const path = url.split("?")[0];
  if (path === "/version") return json(response, { gitVersion: "v1" });
  if (path === "/api/v1") return json(response, { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }, { name: "pods/log", kind: "Pod", namespaced: true }] });
  if (path === "/api/v1/namespaces/dev/configmaps/echo") return json(response, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "echo" }, asked: { method, url, type: headers["content-type"], body } });
  if (path === "/api/v1/namespaces/dev/configmaps/busy") return busy-- > 0 ? json(response, { kind: "Status", code: 429, reason: "TooManyRequests" }, 429, { "retry-after": "0.01" }) : json(response, { metadata: { name: "busy" } });
  if (path === "/api/v1/namespaces/dev/configmaps/away") return response.writeHead(500).end("dial tcp 127.0.0.1:6443: connect: connection refused\\n");
  if (path === "/api/v1/namespaces/dev/configmaps/taken") return json(response, { kind: "Status", code: 409, reason: "Conflict", message: "Apply failed", details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a" }] } }, 409);
  if (path === "/api/v1/namespaces/dev/configmaps" && url.includes("watch=true")) {
    if (url.includes("resourceVersion=7")) return json(response, { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } });
    const event = (type, version) => JSON.stringify({ type, object: { metadata: { name: "é", resourceVersion: version } } }) + "\\n";
    const bytes = Buffer.from(event("ADDED", "6") + event("MODIFIED", "7"));
    const middle = bytes.indexOf("é") + 1; // half of a letter
    response.write(bytes.subarray(0, middle));
    return setTimeout(() => response.end(bytes.subarray(middle)), 20);
  }
  if (path === "/api/v1/namespaces/dev/configmaps") return url.includes("continue=more") ? json(response, { items: [{ metadata: { name: "b" } }], metadata: { resourceVersion: "9" } }) : json(response, { items: [{ metadata: { name: "a" } }], metadata: { continue: "more" } });
  json(response, { kind: "Status", code: 404, reason: "NotFound", message: path + " not found" }, 404);
}
`;

beforeAll(() => {
  copyFileSync(fileURLToPath(new URL("../../tests/fake-kubectl.mjs", import.meta.url)), join(folder, "kubectl"));
  chmodSync(join(folder, "kubectl"), 0o755);
  writeFileSync(join(folder, "routes.mjs"), routes);
  process.env["TMPDIR"] = temporary;
});
afterEach(() => Promise.all(opened.splice(0).map((cluster) => cluster.close())));
afterAll(() => [folder, temporary].forEach((path) => rmSync(path, { recursive: true, force: true })));

const open = async (signal?: AbortSignal) => {
  const cluster = await connect($, "there", { env, signal });
  opened.push(cluster);
  return cluster;
};
const map = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "dev" } });

it("says which context is missing instead of talking to the current one", async () => {
  await expect(connect($, "gone", { env })).rejects.toMatchObject({ message: "no context gone in your kubeconfig" });
});

it("gives the login to nobody else: the socket lies in a folder of mode 0700, which is gone after close", async () => {
  const cluster = await open();
  const [made] = readdirSync(temporary);
  expect(statSync(join(temporary, made!)).mode & 0o777).toBe(0o700);
  await cluster.close();
  expect(readdirSync(temporary)).toEqual([]);
});

it("applies server-side with strict validation and the manager and dry run that were asked for", async () => {
  const answer = await (await open()).apply({ ...map("echo"), data: { a: "1" } }, { fieldManager: "me", dryRun: true, force: true });
  expect(answer["asked"]).toEqual({
    method: "PATCH",
    url: "/api/v1/namespaces/dev/configmaps/echo?fieldValidation=Strict&fieldManager=me&force=true&dryRun=All",
    type: "application/apply-patch+yaml",
    body: { ...map("echo"), data: { a: "1" } },
  });
});

it("reports a conflict with its fields", async () => {
  const refused = (await open()).apply(map("taken"), { fieldManager: "me" });
  await expect(refused).rejects.toBeInstanceOf(ApiError);
  await expect(refused).rejects.toMatchObject({ code: 409, reason: "Conflict", causes: [{ field: ".data.a" }] });
});

it("tells a missing object and an unknown kind from a failure", async () => {
  const cluster = await open();
  expect(await cluster.get(map("nowhere"))).toBeUndefined();
  expect(await cluster.get({ apiVersion: "acme.io/v1", kind: "Order", metadata: { name: "x" } })).toBeUndefined();
  expect(await cluster.resource({ apiVersion: "acme.io/v1", kind: "Order" })).toBeUndefined();
  await expect(cluster.create({ apiVersion: "acme.io/v1", kind: "Order", metadata: { name: "x" } })).rejects.toMatchObject({ reason: "NoKindMatch" });
});

it("tells a server that kubectl proxy does not reach from one that refuses", async () => {
  await expect((await open()).get(map("away"))).rejects.toMatchObject({ code: 0, reason: "NoAnswer", message: "no answer: dial tcp 127.0.0.1:6443: connect: connection refused" });
});

it("lists all pages, each item with its kind", async () => {
  const { items, resourceVersion } = await (await open()).list({ apiVersion: "v1", kind: "ConfigMap" }, { namespace: "dev" });
  expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(["ConfigMap a", "ConfigMap b"]);
  expect(resourceVersion).toBe("9");
});

it("waits as the server asks and tries again", async () => {
  expect((await (await open()).get(map("busy")))?.metadata.name).toBe("busy");
});

it("watches through a closed connection and letters that arrive in halves, and says when events were lost", async () => {
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { type, object } of (await open()).watch({ apiVersion: "v1", kind: "ConfigMap" }, { namespace: "dev" })) seen.push(`${type} ${object.metadata.name}`);
  })();
  await expect(watching).rejects.toMatchObject({ code: 410 });
  expect(seen).toEqual(["ADDED é", "MODIFIED é"]);
});

it("stops reading when interrupted, but still writes what tidies up", async () => {
  const interrupt = new AbortController();
  const cluster = await open(interrupt.signal);
  interrupt.abort(new Error("Ctrl-C"));
  await expect(cluster.get(map("echo"))).rejects.toThrow("Ctrl-C");
  expect((await cluster.update(map("echo")))["asked"]).toMatchObject({ method: "PUT" });
});

it("leaves no kubectl and no folder behind when the script is killed with kill -9", async () => {
  const script = join(folder, "dies.mts");
  const here = new URL("cluster/proxy.ts", import.meta.url).href;
  writeFileSync(script, `import { startProxy } from ${JSON.stringify(here)}; console.log((await startProxy("there")).socketPath); setInterval(() => {}, 1000);`);
  const tsx = fileURLToPath(import.meta.resolve("tsx"));
  const child = spawn(process.execPath, ["--import", pathToFileURL(tsx).href, script], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [socket] = (await once(child.stdout, "data")).map((data) => String(data).trim());
  const running = () => new Promise<boolean>((resolve) => {
    const connection = connectTo(String(socket), () => resolve(true)).on("error", () => resolve(false));
    connection.once("connect", () => connection.destroy());
  });
  expect(await running()).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(running, { timeout: 10_000 }).toBe(false);
  await expect.poll(() => readdirSync(temporary).filter((name) => name.startsWith("deploy-")), { timeout: 10_000 }).toEqual([]);
});
