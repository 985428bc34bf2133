import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { expectTwoTabsToTalk, hasBrowser, openBrowser } from "../browser.ts";
import { has } from "../child.ts";
import { lacks } from "./docker.ts";
import { makeClone, type Clone } from "./clone.ts";
import { makeVolumesWritable } from "./volumes.ts";

const missing = lacks("kind", "kubectl");

// Everything a newcomer does, on a cluster of its own name and ports, in that order: each part builds on the last.
describe.skipIf(missing.length > 0)(`from a fresh clone to https://dev.localhost (lacks ${missing.join(", ") || "nothing"})`, () => {
  const names = { cluster: "starter-e2e", httpPort: 18080, httpsPort: 18443, registryPort: 15001 };
  const context = `kind-${names.cluster}`;
  const page = `https://dev.localhost:${names.httpsPort}`;
  const backend = `https://backend.dev.localhost:${names.httpsPort}`;
  let clone: Clone;
  let stopVolumes = () => {};

  beforeAll(() => {
    clone = makeClone(names);
  });

  afterAll(async () => {
    stopVolumes();
    await clone?.script("teardown", "--yes");
    clone?.remove();
  });

  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await clone.run("kubectl", ["--context", context, "--namespace", "dev", ...args]);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };

  /** Asks over HTTPS, verified against the local CA and nothing else; the names need no resolver. */
  const ask = (url: string, options: RequestOptions & { body?: unknown } = {}) =>
    new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
      const { body, ...rest } = options;
      const asked = request(
        url,
        { ca: authority(), lookup: loopback, headers: body ? { "content-type": "application/json" } : {}, agent: false, ...rest },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
          response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
        },
      );
      asked.on("error", reject).end(body ? JSON.stringify(body) : undefined);
    });
  const authority = () => readFileSync(join(clone.authorityFolder, "ca.pem"), "utf8");
  const loopback: NonNullable<RequestOptions["lookup"]> = (_host, options, callback) =>
    options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);

  it("setup makes the cluster and says what to type next", async () => {
    const { code, stderr } = await clone.script("setup");
    expect(stderr).toContain("tilt up");
    expect(code, stderr).toBe(0);
    stopVolumes = makeVolumesWritable(names.cluster);
  });

  it("a second setup changes nothing", async () => {
    const state = () => kubectl("get", "deployments,secrets,clusterissuers,configmaps", "--all-namespaces", "-o", "jsonpath={range .items[*]}{.metadata.uid} {.metadata.generation} {end}");
    const before = await state();
    const { code, stderr } = await clone.script("setup");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("already");
    expect(await state()).toBe(before);
  });

  it("deploy builds, applies, waits and prints the addresses", async () => {
    const { code, stderr } = await clone.script("deploy", "--env", "dev");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(page);
    expect(stderr).toContain(backend);
  });

  it("the page and the API answer over verified HTTPS, and HTTP leads there", async () => {
    expect(await ask(page)).toMatchObject({ status: 200, text: expect.stringContaining("<!doctype html>") });
    expect(JSON.parse((await ask(`${page}/config.json`)).text)).toMatchObject({ backendUrl: backend });
    expect((await ask(`${backend}/api/status`)).status).toBe(200);
    // fetch sends no Host header but its own.
    const [redirect] = (await once(get({ port: names.httpPort, headers: { host: "dev.localhost" } }), "response")) as [IncomingMessage];
    redirect.resume();
    expect(redirect.statusCode).toBe(308);
    expect(redirect.headers.location).toMatch(/^https:\/\/dev\.localhost/);
  });

  it("Swagger UI and the OpenAPI document come from the backend itself", async () => {
    const ui = await ask(`${backend}/ui`);
    expect(ui.status).toBe(200);
    expect(ui.text).toContain("swagger-ui");
    expect(JSON.parse((await ask(`${backend}/openapi.json`)).text).openapi).toMatch(/^3\./);
  });

  it("a room created by plain HTTP is kept in Valkey", async () => {
    const created = await ask(`${backend}/api/rooms`, { method: "POST", body: { name: "kept in valkey" } });
    expect(created.status, created.text).toBe(200);
    expect((await ask(`${backend}/api/rooms`)).text).toContain("kept in valkey");
    const keys = await kubectl("exec", "statefulset/valkey", "--", "sh", "-c", 'REDISCLI_AUTH="$VALKEY_PASSWORD" valkey-cli --scan');
    expect(keys).toContain(JSON.parse(created.text).id);
  });

  it("a WebSocket reaches the signaling server through the backend", async () => {
    const socket = new WebSocket(`${backend.replace("https", "wss")}/signaling`, {
      ca: authority(),
      lookup: loopback,
      origin: page,
    } as WebSocket.ClientOptions);
    await once(socket, "open");
    socket.close(1000);
    const [code] = await once(socket, "close");
    expect(code).toBe(1000);
  });

  it.skipIf(!hasBrowser)("in a browser that trusts the CA two tabs exchange a message (needs Chromium, certutil)", async () => {
    await using browser = await openBrowser(join(clone.authorityFolder, "ca.pem"));
    await expectTwoTabsToTalk(browser, page);
  });

  describe.skipIf(!has("tilt"))("with Tilt (needs tilt)", () => {
    let tilt: ChildProcess;
    let log = "";

    afterAll(async () => {
      if (tilt?.exitCode === null) {
        tilt.kill("SIGINT");
        await once(tilt, "exit");
      }
    });

    const pods = async () => (await kubectl("get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.uid} {end}")).trim();

    it("tilt ci passes", async () => {
      const { code, stdout, stderr } = await clone.run("tilt", ["ci", "--context", context, "--port", "0", "--timeout", "8m"]);
      expect(code, stdout.slice(-4000) + stderr.slice(-2000)).toBe(0);
    }, 600_000);

    it("edits of the backend and of the page arrive without a new pod", async () => {
      tilt = spawn("tilt", ["up", "--stream", "--context", context, "--port", "10399"], {
        cwd: clone.folder,
        env: clone.env,
      });
      tilt.stdout!.on("data", (text) => (log += text));
      tilt.stderr!.on("data", (text) => (log += text));
      // Its own server answers some seconds after it was started.
      const ready = (resource: string) => clone.run("tilt", ["wait", "--port", "10399", "--for=condition=Ready", `uiresource/${resource}`, "--timeout", "100s"]);
      for (const resource of ["backend", "landing-page", "signaling"]) await until(async () => (await ready(resource)).code === 0, () => log);
      // Ready is what Tilt says of a pod, be it one that a rollout is about to replace.
      for (const workload of ["deployment/backend", "deployment/landing-page", "deployment/signaling", "statefulset/valkey"])
        await kubectl("rollout", "status", workload, "--timeout=120s");
      await until(async () => (await pods()).split(" ").length === 4, () => log);
      const before = await pods();

      clone.edit("backend-trpc/src/app.ts", (text) => text.replace('title: "Rooms"', 'title: "Edited in place"'));
      await until(async () => (await ask(`${backend}/openapi.json`)).text.includes("Edited in place"), () => log);
      clone.edit("landing-page/index.html", (text) => text.replace(/<title>.*<\/title>/, "<title>Edited in place</title>"));
      await until(async () => (await ask(page)).text.includes("Edited in place"), () => log);

      expect(await pods()).toBe(before);
    });

    it("the second of two edits within a second arrives as well", async () => {
      for (let pair = 1; pair <= 5; pair++)
        for (const save of ["first", "second"]) {
          const text = `Pair ${pair}, ${save}`;
          clone.edit("backend-trpc/src/app.ts", (source) => source.replace(/title: "[^"]*"/, `title: "${text}"`));
          clone.edit("landing-page/src/style.css", (source) => `${source}\n/* ${text} */\n`);
          if (save === "first") await sleep(pair * 150);
          else {
            await until(async () => (await ask(`${backend}/openapi.json`)).text.includes(text), () => log);
            await until(async () => (await ask(`${page}/src/style.css`)).text.includes(text), () => log);
          }
        }
    });

    it("a syntax error kills no container, however long it stays", async () => {
      const containers = () => kubectl("get", "pods", "-l", "app.kubernetes.io/name=backend", "-o", "jsonpath={range .items[*]}{.status.containerStatuses[*].containerID} {end}");
      const before = await containers();
      clone.edit("backend-trpc/src/app.ts", (text) => `${text}\nconst broken = ;\n`);
      await until(async () => (await ask(`${backend}/openapi.json`)).status === 503, () => log);
      // A liveness probe with its three periods of 10 s would have struck by then.
      await sleep(45_000);
      clone.edit("backend-trpc/src/app.ts", (text) => text.replace("const broken = ;", "").replace(/title: "[^"]*"/, 'title: "Mended"'));
      await until(async () => (await ask(`${backend}/openapi.json`)).text.includes("Mended"), () => log);
      expect(await containers()).toBe(before);
    });

    it("an edited ConfigMap starts anew who reads it, and nobody else", async () => {
      const uids = async (name: string) => kubectl("get", "pods", "-l", `app.kubernetes.io/name=${name}`, "-o", "jsonpath={range .items[*]}{.metadata.uid} {end}");
      const [signaling, backendPod] = [await uids("signaling"), await uids("backend")];
      clone.edit("manifests/services/backend.ts", (text) => text.replace('LOG_LEVEL: "info"', 'LOG_LEVEL: "debug"'));
      await until(async () => (await uids("backend")) !== backendPod, () => log);
      await kubectl("rollout", "status", "deployment/backend", "--timeout=120s");
      expect(await kubectl("exec", "deployment/backend", "--", "printenv", "LOG_LEVEL")).toContain("debug");
      expect(await uids("signaling")).toBe(signaling);
    });
  });

  it("teardown leaves no container, no network, no context", async () => {
    const { code, stderr } = await clone.script("teardown", "--yes");
    expect(code, stderr).toBe(0);
    const { stdout: containers } = await clone.run("docker", ["ps", "--all", "--format", "{{.Names}}"]);
    expect(containers).not.toContain(names.cluster);
    const { stdout: contexts } = await clone.run("kubectl", ["config", "get-contexts", "-o", "name"]);
    expect(contexts.split("\n")).not.toContain(context);
    const { stdout: volumes } = await clone.run("docker", ["volume", "ls", "--format", "{{.Name}}"]);
    expect(volumes).not.toContain(names.cluster);
    expect(existsSync(join(clone.authorityFolder, "ca.pem")), "the CA outlives the cluster").toBe(true);
  });
});

/** @throws with what `explain` returns when the condition does not come true within two minutes */
async function until(condition: () => Promise<boolean>, explain: () => string): Promise<void> {
  const end = Date.now() + 120_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > end) throw new Error(`never became true:\n${explain().slice(-4000)}`);
    await sleep(200);
  }
}
