import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions, type PeerCertificate } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeClone, type Clone } from "./clone.ts";
import { hasImage, lacks } from "./docker.ts";
import { startLoad, wordsOf } from "./load.ts";
import { installPebble, nameIngress, pebbleRoot, type Kubectl } from "./pebble.ts";
import { makeVolumesWritable } from "./volumes.ts";

const pebble = "ghcr.io/letsencrypt/pebble:2.10.1";
const missing = [...lacks("kind", "kubectl", "openssl"), ...(hasImage(pebble) ? [] : [`the image ${pebble}`])];

// The production environment under its own context, on two nodes, against Let's Encrypt's test server instead of its
// public one. Each part builds on the last.
describe.skipIf(missing.length > 0)(`production on a cluster (lacks ${missing.join(", ") || "nothing"})`, () => {
  const names = { cluster: "starter-production", httpPort: 18081, httpsPort: 18444, registryPort: 15002 };
  const context = `kind-${names.cluster}`;
  const worker = `${names.cluster}-worker`;
  const hosts = ["shop.example.com", "backend.shop.example.com"];
  let clone: Clone;
  let root: string;
  let stopHelpingVolumes = () => {};
  const prod = (...args: string[]) => kubectl(["--namespace", "prod", ...args]);
  // Where no registry of the internet answers, Valkey's image is deployed by its tag.
  const byTag = ["--allow-tags"];
  const deploy = async (...args: string[]) => {
    const { code, stderr } = await clone.script("deploy", "--env", "prod", "--yes", ...args);
    expect(code, stderr.slice(-6000)).toBe(0);
  };

  const kubectl: Kubectl = (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn("kubectl", ["--context", context, ...args], { env: clone.env });
      const [stdout, stderr]: string[][] = [[], []];
      child.stdout.setEncoding("utf8").on("data", (text) => stdout!.push(text));
      child.stderr.setEncoding("utf8").on("data", (text) => stderr!.push(text));
      child.on("close", (code) => (code === 0 ? resolve(stdout!.join("")) : reject(new Error(`kubectl ${args.join(" ")}: ${stderr!.join("")}${stdout!.join("").slice(-1000)}`))));
      child.stdin.end(input);
    });

  beforeAll(async () => {
    clone = makeClone(names);
    clone.env["VALKEY_PASSWORD"] = "a \"password\" of $(many) letters: #ü\\";
    // The ports of this machine lead to the first node, so nothing may go to the second until the ingress controller is there.
    clone.edit("kind-config.yaml", twoNodes);
    const { code, stderr } = await clone.script("setup");
    expect(code, stderr).toBe(0);
    stopHelpingVolumes = makeVolumesWritable(names.cluster);
    const directory = await installPebble(kubectl);
    await nameIngress(kubectl, hosts);
    root = await pebbleRoot(kubectl);
    clone.edit("manifests/environments/prod.ts", (text) =>
      text
        .replace('context: "prod"', `context: "${context}"`)
        .replace('domain: "example.com"', `domain: "${hosts[0]}"`)
        .replace("registry.example.com/team", `127.0.0.1:${names.registryPort}`)
        .replace("replicas: 3", "replicas: 2")
        .replace("https://acme-v02.api.letsencrypt.org/directory", directory.server)
        .replace("email:", `caBundle: "${directory.caBundle}",\n    email:`),
    );
    // Production refuses a registry of one machine, which this one is.
    const waiver = `{ rule: "development-image", reason: "the registry of this test", until: "2999-12-31" }`;
    clone.edit("manifests/index.ts", (text) => `import { waive } from "./waivers.ts";\n${text.replace(/\](?=;\s*(}|$))/, `].map((object) => ("kind" in object && object.kind === "Deployment" ? waive(${waiver}, object) : object))`)}`);
  });
  afterAll(async () => {
    stopHelpingVolumes();
    await clone?.script("teardown", "--yes");
    clone?.remove();
  });

  it("the whole application starts, restricted and closed, with a certificate that was ordered over HTTP-01", async () => {
    await deploy(...byTag);
    await prod("wait", "certificate/web", "--for=condition=Ready", "--timeout=240s").catch(async (error) => {
      throw new Error(`${error.message}\n${await prod("describe", "orders,challenges")}`);
    });
    expect(await prod("get", "namespace", "prod", "-o", "jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}")).toBe("restricted");
    await until(async () => (await status(hosts[1]!, "/api/rooms")) === 200);
  });

  it("the certificate is served for every host, verified to the server's root, and the names are all of it", async () => {
    for (const host of hosts) {
      const { certificate } = await until(async () => handshake(host, { ca: root }));
      expect(certificate.subjectaltname).toBe(hosts.map((name) => `DNS:${name}`).join(", "));
    }
  });

  it("TLS before 1.2 is refused", async () => {
    const old = { ca: root, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    // The server's refusal, not our side's unwillingness.
    await expect(handshake(hosts[0]!, old)).rejects.toThrow(/alert protocol version/);
    expect((await handshake(hosts[0]!, { ca: root, maxVersion: "TLSv1.2" })).protocol).toBe("TLSv1.2");
    expect((await handshake(hosts[0]!, { ca: root })).protocol).toBe("TLSv1.3");
  });

  it("browsers are told to stay with HTTPS, and HTTP leads there", async () => {
    const ask = (get: typeof https.get, options: https.RequestOptions) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: "127.0.0.1", path: "/a?b", headers: { host: hosts[0]! }, agent: false, ...options }, (response) => resolve(response.resume())).on("error", reject);
      });
    const secure = await ask(https.get, { port: names.httpsPort, servername: hosts[0]!, ca: root });
    expect(secure.headers["strict-transport-security"]).toMatch(/^max-age=(31536000|63072000)\b/);
    const plain = await ask(http.get, { port: names.httpPort });
    expect([plain.statusCode, plain.headers.location]).toEqual([308, `https://${hosts[0]}/a?b`]);
  });

  it("Valkey has the password byte by byte, in no process's arguments, and answers nobody without it", async () => {
    const inPod = (command: string) => prod("exec", "valkey-0", "--", "sh", "-c", command);
    expect(await inPod('printf %s "$VALKEY_PASSWORD"')).toBe(clone.env["VALKEY_PASSWORD"]);
    expect(await inPod("tr '\\0' ' ' < /proc/1/cmdline")).not.toContain("password");
    expect(await inPod("valkey-cli -p $PORT ping")).toContain("NOAUTH");
  });

  it("of all connections between services only the declared ones are let through", async () => {
    const ports = { "landing-page": 8080, backend: 3000, signaling: 4000, valkey: 6379 };
    const services = Object.keys(ports) as (keyof typeof ports)[];
    const pods = JSON.parse(await prod("get", "pods", "-o", "json")) as { items: { metadata: { name: string; labels: Record<string, string> }; status: { podIP: string } }[] };
    const podOf = (service: string) => pods.items.find(({ metadata }) => metadata.labels["app.kubernetes.io/name"] === service)!;
    const tries = services.flatMap((from) => services.filter((to) => to !== from).map((to) => ({ from, to })));
    const passed = await Promise.all(
      tries.map(async ({ from, to }) => {
        const [address, port] = [podOf(to).status.podIP, ports[to]];
        const node = `const s = require("net").connect(${port}, "${address}").on("connect", () => (console.log("open"), s.destroy())).on("error", (e) => console.log(e.code)).setTimeout(3000, () => (console.log("closed"), s.destroy()))`;
        const command = from === "valkey" ? ["bash", "-c", `timeout 3 bash -c '</dev/tcp/${address}/${port}' 2>/dev/null && echo open || echo closed`] : ["node", "-e", node];
        return (await prod("exec", podOf(from).metadata.name, "--", ...command)).trim() === "open" ? [`${from} → ${to}`] : [];
      }),
    );
    expect(passed.flat().sort()).toEqual(["backend → signaling", "backend → valkey"]);
  });

  it("renewal brings another certificate and key into use, with the old one served until then", async () => {
    const before = (await handshake(hosts[0]!, { ca: root })).certificate;
    // What `cmctl renew` does.
    const condition = { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "a test", lastTransitionTime: new Date().toISOString() };
    const certificate = ["certificate/web", "--namespace", "prod"];
    const { status } = JSON.parse(await kubectl(["get", ...certificate, "-o", "json"]));
    const conditions = [...status.conditions, condition];
    await kubectl(["patch", ...certificate, "--subresource", "status", "--type", "merge", "--patch", JSON.stringify({ status: { conditions } })]);

    const after = await until(async () => {
      const { certificate } = await handshake(hosts[0]!, { ca: root });
      return certificate.serialNumber !== before.serialNumber && certificate;
    });
    expect(publicKey(after)).not.toBe(publicKey(before));
  });

  it("deploys, a rollback, a scale-down and a drain lose no request and no WebSocket without a close frame", async () => {
    // Valkey is on the first node and stays there: it has one pod, for which rooms would have to wait.
    await kubectl(["taint", "node", worker, "e2e-"]);
    const load = startLoad({ page: hosts[0]!, backend: hosts[1]!, port: names.httpsPort, ca: root });
    await load.settle();
    for (const level of ["warn", "error", "info"]) {
      for (const service of ["backend", "landing-page", "signaling"])
        clone.edit(`manifests/services/${service}.ts`, (text) => text.replace(/LOG_LEVEL: "\w+"/, `LOG_LEVEL: "${level}"`));
      // Another build of the page, whose files have other names.
      clone.edit("landing-page/src/style.css", (text) => `${text}\n.${level} { color: red; }\n`);
      await deploy(...byTag);
      await load.settle();
    }
    await deploy("--rollback");
    await load.settle();
    const scaled = ["deployment/backend", "deployment/landing-page"];
    await prod("scale", ...scaled, "--replicas", "3");
    for (const deployment of scaled) await prod("rollout", "status", deployment, "--timeout", "120s");
    await load.settle();
    await prod("scale", ...scaled, "--replicas", "2");
    await load.settle();
    console.log(wordsOf(load.counts));
    expect(load.counts.refusedWebSockets).toEqual([]);
    await kubectl(["drain", worker, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", "240s"]);
    await load.settle();
    const counts = await load.stop();
    console.log(wordsOf(counts));
    expect({ failed: counts.failedRequests, broken: counts.brokenWebSockets }).toEqual({ failed: [], broken: [] });
    // Refused ones are none of this: the signaling server has one pod, and clients try again until it is elsewhere.
    // It was no quiet hour: pods with WebSockets did go.
    expect(counts.goodbyes).toBeGreaterThan(0);
  }, 1_200_000);

  it("a rotated secret starts anew what uses it, and nothing else", async () => {
    const started = async (service: string) => (await prod("get", "pods", "-l", `app.kubernetes.io/name=${service}`, "-o", "jsonpath={.items[*].metadata.uid}")).split(" ").sort();
    const others = () => Promise.all(["landing-page", "signaling"].map(started));
    // What was rolled back comes again, so that nothing but the secret changes next.
    await deploy(...byTag);
    const settled = async () => [...(await others()).flat(), ...(await started("backend"))].length === 5;
    await until(settled);
    const before = { backend: await started("backend"), valkey: await started("valkey"), others: await others() };
    clone.env["VALKEY_PASSWORD"] = "another 'one', just as $odd";
    await deploy(...byTag);
    expect(await prod("exec", "valkey-0", "--", "sh", "-c", 'printf %s "$VALKEY_PASSWORD"')).toBe(clone.env["VALKEY_PASSWORD"]);
    expect(await until(async () => (await status(hosts[1]!, "/api/rooms")) === 200)).toBe(true);
    // The old ones take their time to go.
    await until(async () => (await started("backend")).every((uid) => !before.backend.includes(uid)));
    expect(await started("valkey")).not.toEqual(before.valkey);
    expect(await others()).toEqual(before.others);
  });

  it("a backup of Valkey brings back what was lost, by the commands of docs/production.md", async () => {
    const [backup, restore] = [...readFileSync("docs/production.md", "utf8").matchAll(/exec (?:-i )?valkey-0 -- sh -ec '(.*?)'/gs)].map(([, script]) => script!);
    const inPod = (command: string) => prod("exec", "valkey-0", "--", "sh", "-ec", `export REDISCLI_AUTH="$VALKEY_PASSWORD"; ${command}`);
    await inPod("valkey-cli -p $PORT set kept yes");
    const copy = await binary(["exec", "valkey-0", "--", "sh", "-ec", backup!]);
    await inPod("valkey-cli -p $PORT flushall");
    await binary(["exec", "-i", "valkey-0", "--", "sh", "-ec", restore!], copy);
    expect(await until(async () => (await inPod("valkey-cli -p $PORT get kept")).trim() || false)).toBe("yes");
  });

  const binary = (args: string[], input?: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const child = spawn("kubectl", ["--context", context, "--namespace", "prod", ...args], { env: clone.env });
      const [stdout, stderr]: Buffer[][] = [[], []];
      child.stdout.on("data", (part) => stdout!.push(part));
      child.stderr.on("data", (part) => stderr!.push(part));
      child.on("close", (code) => (code === 0 ? resolve(Buffer.concat(stdout!)) : reject(new Error(String(Buffer.concat(stderr!))))));
      child.stdin.end(input);
    });

  const status = (host: string, path: string) =>
    new Promise<number>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: names.httpsPort, servername: host, path, headers: { host }, ca: root, agent: false };
      https.get(options, (response) => resolve(response.resume().statusCode!)).on("error", reject);
    });

  /** @throws when the certificate does not lead to the root, or is not for that host */
  const handshake = (host: string, options: ConnectionOptions) =>
    new Promise<{ certificate: PeerCertificate; protocol: string | null }>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: names.httpsPort, servername: host, ...options }, () => {
        resolve({ certificate: socket.getPeerCertificate(), protocol: socket.getProtocol() });
        socket.end();
      });
      socket.on("error", reject);
    });
});

/** Pods may go to the first node, which usually is for the control plane alone where there are others. */
const twoNodes = (config: string) => `${config.trimEnd().replace(/^(\s*- role: control-plane)$/m, `$1\n${patch("InitConfiguration", "[]")}`)}
  - role: worker
    image: ${/image: (\S+)/.exec(config)![1]}
${patch("JoinConfiguration", "[{ key: e2e, effect: NoSchedule }]")}
`;
const patch = (kind: string, taints: string) => `    kubeadmConfigPatches: ["{ kind: ${kind}, nodeRegistration: { taints: ${taints} } }"]`;

const publicKey = ({ raw }: PeerCertificate) => new X509Certificate(raw).publicKey.export({ type: "spki", format: "pem" });

/** @returns the first value that is neither an error nor nothing @throws the last error after two minutes */
async function until<T>(attempt: () => Promise<T | false>): Promise<T> {
  const end = Date.now() + 120_000;
  for (;;) {
    try {
      const value = await attempt();
      if (value !== false) return value;
      if (Date.now() > end) throw new Error("it did not happen within two minutes");
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(500);
  }
}
