import { execFileSync, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions, type PeerCertificate } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has } from "../child.ts";
import { makeClone, type Clone } from "./clone.ts";
import { installPebble, nameIngress, pebbleRoot, type Kubectl } from "./pebble.ts";

const missing = [
  ...["kind", "kubectl", "openssl"].filter((tool) => !has(tool)),
  ...(dockerHas("ghcr.io/letsencrypt/pebble:2.10.1") ? [] : ["Docker with the image of pebble"]),
];

// The production environment under its own context, against Let's Encrypt's test server instead of its public one.
describe.skipIf(missing.length > 0)(`certificates of an ACME server (lacks ${missing.join(", ") || "nothing"})`, () => {
  const names = { cluster: "starter-acme", httpPort: 18081, httpsPort: 18444, registryPort: 15002 };
  const context = `kind-${names.cluster}`;
  const hosts = ["shop.test", "backend.shop.test"];
  let clone: Clone;
  let root: string;

  const kubectl: Kubectl = (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn("kubectl", ["--context", context, ...args], { env: clone.env });
      const [stdout, stderr]: string[][] = [[], []];
      child.stdout.setEncoding("utf8").on("data", (text) => stdout!.push(text));
      child.stderr.setEncoding("utf8").on("data", (text) => stderr!.push(text));
      child.on("close", (code) => (code === 0 ? resolve(stdout!.join("")) : reject(new Error(`kubectl ${args.join(" ")}: ${stderr!.join("")}`))));
      child.stdin.end(input);
    });

  beforeAll(async () => {
    clone = makeClone(names);
    const { code, stderr } = await clone.script("setup");
    expect(code, stderr).toBe(0);
    const directory = await installPebble(kubectl);
    await nameIngress(kubectl, hosts);
    root = await pebbleRoot(kubectl);
    clone.edit("manifests/environments/prod.ts", (text) =>
      text
        .replace('context: "prod"', `context: "${context}"`)
        .replace('domain: "example.com"', `domain: "${hosts[0]}"`)
        .replace("https://acme-v02.api.letsencrypt.org/directory", directory.server)
        .replace("email:", `caBundle: "${directory.caBundle}",\n    email:`),
    );
  });
  afterAll(async () => {
    await clone?.script("teardown", "--yes");
    clone?.remove();
  });

  it("an order is fulfilled over HTTP-01 through the ingress, in a namespace that is restricted and closed", async () => {
    const { stdout, code } = await clone.script("deploy", "--env", "prod", "--print");
    expect(code).toBe(0);
    // What answers a challenge: no workload of ours is needed for it.
    const kinds = /^kind: (Namespace|NetworkPolicy|ClusterIssuer|Certificate|Ingress)$/m;
    const objects = stdout.split(/^(?=---$)/m).filter((document) => kinds.test(document));
    expect(objects.join("")).toContain("pod-security.kubernetes.io/enforce: restricted");
    await kubectl(["apply", "-f", "-"], objects.join(""));
    await kubectl(["wait", "certificate/web", "--namespace", "prod", "--for=condition=Ready", "--timeout=240s"]).catch(async (error) => {
      throw new Error(`${error.message}\n${await kubectl(["describe", "orders,challenges", "--namespace", "prod"])}`);
    });
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

const publicKey = ({ raw }: PeerCertificate) => new X509Certificate(raw).publicKey.export({ type: "spki", format: "pem" });

function dockerHas(image: string): boolean {
  try {
    execFileSync("docker", ["image", "inspect", image], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

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
