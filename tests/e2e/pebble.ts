import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs kubectl in the test's cluster and returns its stdout. @throws with what it wrote */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export interface Directory {
  readonly server: string;
  readonly caBundle: string;
}

const namespace = "pebble";
const image = "ghcr.io/letsencrypt/pebble:2.10.1";

/**
 * Puts Let's Encrypt's test server into the cluster. It validates as the real one does, over port 80 of the names.
 * https://github.com/letsencrypt/pebble
 */
export async function installPebble(kubectl: Kubectl): Promise<Directory> {
  const { certificate, key } = selfSigned(`pebble.${namespace}.svc`);
  const config = {
    pebble: {
      listenAddress: "0.0.0.0:14000",
      managementListenAddress: "0.0.0.0:15000",
      certificate: "/config/cert.pem",
      privateKey: "/config/key.pem",
      httpPort: 80,
      tlsPort: 443,
      externalAccountBindingRequired: false,
      retryAfter: { authz: 1, order: 1 },
    },
  };
  const labels = { app: "pebble" };
  const ports = [14000, 15000];
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pebble", namespace },
      stringData: { "config.json": JSON.stringify(config), "cert.pem": certificate, "key.pem": key },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "pebble", namespace },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: "pebble",
                image,
                args: ["-config", "/config/config.json"],
                env: [{ name: "PEBBLE_VA_NOSLEEP", value: "1" }],
                readinessProbe: { tcpSocket: { port: 14000 }, periodSeconds: 1 },
                volumeMounts: [{ name: "config", mountPath: "/config" }],
              },
            ],
            volumes: [{ name: "config", secret: { secretName: "pebble" } }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "pebble", namespace },
      spec: { selector: labels, ports: ports.map((port) => ({ name: `port-${port}`, port })) },
    },
  ];
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await rolledOut(kubectl, namespace, "pebble");
  return { server: `https://pebble.${namespace}.svc:14000/dir`, caBundle: Buffer.from(certificate).toString("base64") };
}

/** @returns the root that this Pebble's certificates lead to, PEM; each start makes a new one */
export const pebbleRoot = (kubectl: Kubectl) =>
  kubectl(["get", "--raw", `/api/v1/namespaces/${namespace}/services/https:pebble:15000/proxy/roots/0`]);

/** Makes names lead to ingress-nginx for everyone in the cluster, as public DNS does for the world. */
export async function nameIngress(kubectl: Kubectl, hosts: readonly string[]): Promise<void> {
  const address = await kubectl(["get", "service", "ingress-nginx-controller", "--namespace", "ingress-nginx", "-o", "jsonpath={.spec.clusterIP}"]);
  const dns = ["--namespace", "kube-system"];
  const configMap = JSON.parse(await kubectl(["get", "configmap", "coredns", ...dns, "-o", "json"])) as { data: { Corefile: string } };
  const Corefile = configMap.data.Corefile.replace(/^(\s*)ready$/m, `$1ready\n$1hosts {\n$1  ${address} ${hosts.join(" ")}\n$1  fallthrough\n$1}`);
  if (Corefile === configMap.data.Corefile) throw new Error(`no place for hosts in:\n${Corefile}`);
  await kubectl(["patch", "configmap", "coredns", ...dns, "--type", "merge", "--patch", JSON.stringify({ data: { Corefile } })]);
  await kubectl(["rollout", "restart", "deployment/coredns", ...dns]);
  await rolledOut(kubectl, "kube-system", "coredns");
}

/** Waits for a Deployment of these tests' own making. @throws with what its pods say when it is not there within five minutes */
async function rolledOut(kubectl: Kubectl, namespace: string, name: string): Promise<void> {
  const inNamespace = ["--namespace", namespace];
  await kubectl(["rollout", "status", `deployment/${name}`, ...inNamespace, "--timeout", "300s"]).catch(async (error: Error) => {
    const ask = (...args: string[]) => kubectl([...args, ...inNamespace]).catch((reason: Error) => reason.message);
    const said = [await ask("get", "pods", "-o", "wide"), await ask("get", "events", "--sort-by=.lastTimestamp"), await ask("logs", `deployment/${name}`, "--all-pods", "--prefix", "--tail=20")];
    throw new Error([error.message, ...said].join("\n"));
  });
}

function selfSigned(host: string): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "pebble-"));
  try {
    const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, "-days", "2", "-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`], { stdio: "ignore" });
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
