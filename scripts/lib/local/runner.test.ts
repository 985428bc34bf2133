import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { certificatePath } from "../ca.ts";
import type { KubernetesObject } from "../render.ts";
import { freePort, isFree } from "./ports.ts";
import { fingerprint } from "./rendered.ts";
import { createRunner, type Runner } from "./runner.ts";
import type { SessionState } from "./session.ts";

const soon = { timeout: 30_000, interval: 20 };
let root: string;
let ports: { httpsPort: number; httpPort: number };
let runner: Runner;
let state: SessionState | undefined;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "runner-"));
  vi.stubEnv("LOCAL_CA_FOLDER", join(root, "authority"));
  vi.spyOn(console, "error").mockReturnValue();
  mkdirSync(join(root, "app"));
  writeFileSync(join(root, "app/main.mjs"), `import { createServer } from "node:http"; createServer((_request, response) => response.end("ok")).listen(process.env.PORT, process.env.HOST);`);
  const httpsPort = await freePort(`${root} https`, new Set());
  ports = { httpsPort, httpPort: await freePort(`${root} http`, new Set([httpsPort])) };
  state = undefined;
  runner = newRunner();
});
afterEach(async () => {
  await runner.stop();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const newRunner = () => createRunner({ root, folder: join(root, ".local"), json: false, shown: [], ...ports }, { write: (next) => void (state = next), end() {} });

const app = (env: object[] = [], image = "app"): KubernetesObject => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "app", namespace: "local" } },
  spec: { template: { metadata: { labels: { app: "app" } }, spec: { containers: [{ name: "app", image, command: ["node", "main.mjs"], env: [{ name: "PORT", value: "80" }, ...env], ports: [{ containerPort: 80 }] }] } } },
});
const service: KubernetesObject = { apiVersion: "v1", kind: "Service", metadata: { name: "app", namespace: "local" }, spec: { selector: { app: "app" }, ports: [{ port: 80 }] } };
const ingress = (...hosts: string[]): KubernetesObject => ({
  ...{ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace: "local" } },
  spec: { tls: [{ hosts }], rules: hosts.map((host) => ({ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "app", port: { number: 80 } } } }] } })) },
});

/** What the manifests come to: where it is kept nothing is rendered. */
function keep(...objects: KubernetesObject[]): void {
  mkdirSync(join(root, ".local"), { recursive: true });
  const rendered = { objects, images: { built: [{ folder: "app" }], pulled: [] } };
  writeFileSync(join(root, `.local/objects-${ports.httpsPort}.json`), JSON.stringify({ fingerprint: fingerprint(root), rendered }));
}
const ready = () => vi.waitFor(() => expect(state?.processes.map(({ state }) => state)).toEqual(["ready"]), soon);

it("stop ends what browsers keep open: an idle HTTP/2 session", async () => {
  keep(app(), service, ingress("app.localhost"));
  await runner.start();
  const ca = readFileSync(certificatePath(join(root, "authority")));
  const session = connectHttp2(`https://127.0.0.1:${ports.httpsPort}`, { ca, servername: "app.localhost" });
  const closed = new Promise((resolve) => session.once("close", () => resolve("closed")).on("error", () => {}));
  const status = await new Promise((resolve, reject) => session.on("error", reject).request({ ":authority": "app.localhost" }).on("response", (headers) => resolve(headers[":status"])).resume());
  expect(status).toBe(200);
  await runner.stop();
  expect(await closed).toBe("closed");
});

it("a stop before the ports are bound leaves none bound", async () => {
  keep(app(), service, ingress("app.localhost"));
  const starting = runner.start();
  await runner.stop();
  await starting;
  expect(await isFree(ports.httpsPort)).toBe(true);
  expect(await isFree(ports.httpPort)).toBe(true);
});

it("when the CA refuses a host of an edited Ingress, all that runs stays as it is", async () => {
  keep(app(), service, ingress("app.localhost"));
  await runner.start();
  await ready();
  const before = state;
  keep(app([{ name: "CHANGED", value: "yes" }]), service, ingress("app.localhost", "app.example.com"));
  await expect(runner.update()).rejects.toThrow("app.example.com");
  keep(app(), service, ingress("app.localhost"));
  await runner.update();
  await ready();
  expect(state!.processes[0]!.pid).toBe(before!.processes[0]!.pid);
  expect(state!.urls).toEqual(before!.urls);
});

it("a kill, which asks no process, removes containers too: only Docker's command would end", async () => {
  const bin = join(root, "bin");
  mkdirSync(bin);
  const calls = join(root, "calls");
  writeFileSync(join(bin, "docker"), `#!/bin/sh\n[ "$1" = rm ] && echo "$*" >> "${calls}"\n[ "$1" = run ] && exec sleep 300\nexit 0\n`);
  chmodSync(join(bin, "docker"), 0o755);
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env["PATH"]}`);
  keep(app([], "elsewhere:1"));
  const again = newRunner();
  await again.start();
  const { docker } = state!.processes[0]!;
  again.kill();
  await vi.waitFor(() => expect(readFileSync(calls, "utf8")).toBe(`rm --force ${docker}\n`), soon);
  await again.stop();
});
