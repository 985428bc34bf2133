import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "../../scripts/lib/render.ts";
import { copyCheckout, run, shellEnvironment, type Result } from "../child.ts";
import { docker, removeRegistry, startRegistry } from "./docker.ts";

// A small project that is deployed for real: this repository's scripts with other manifests, in a cluster with a
// registry beside it. Its one environment is one of production, under a context name that is not kind's.

/** Appears nowhere but in the Secret: each test that prints or saves something looks for it. */
export const canary = "canary-7d1f40c2-do-not-print";

/** What a person would change in the manifests. */
export interface Shop {
  message?: string;
  /** The container's program; the default serves the message. */
  code?: string;
  image?: string;
  replicas?: number;
  /** Further objects of the namespace. */
  more?: readonly object[];
  /** Without the Deployment `web` and what belongs to it. */
  withoutWeb?: boolean;
  serviceName?: string;
}

export interface Trial {
  readonly folder: string;
  readonly context: string;
  readonly namespace: string;
  readonly env: NodeJS.ProcessEnv;
  readonly image: string;
  /** Writes the manifests. */
  shop(shop: Shop): void;
  /** Runs deploy.mts there to its end. */
  deploy(...args: string[]): Promise<Result>;
  /** For starting it by other means. */
  scriptEnv(): NodeJS.ProcessEnv;
  kubectl(...args: string[]): Promise<string>;
  /** Every object's version, but for what changes by itself. */
  versions(): Promise<string>;
  read(file: string): string;
  write(file: string, text: string): void;
  remove(): void;
}

export const hardened = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
/** Serves a while after it is told to stop: until then the news that it goes have reached everybody, also on a busy machine. */
export const server = `require("http").createServer((q, a) => a.end(process.env.MESSAGE)).listen(3000); process.on("SIGTERM", () => setTimeout(() => process.exit(), 10000));`;

const metadata = (name: string, namespace: string) => ({ name, namespace, labels: { app: name } });

export function container(name: string, image: string, code: string, more: object = {}): object {
  // A machine that is busy with other pods makes these late, which is no fault of theirs.
  const probe = (path: string) => ({ httpGet: { path, port: "http" }, periodSeconds: 1, timeoutSeconds: 5 });
  return {
    name,
    image,
    command: ["node", "-e", code],
    ports: [{ name: "http", containerPort: 3000 }],
    readinessProbe: probe("/readyz"),
    livenessProbe: { ...probe("/livez"), periodSeconds: 10, timeoutSeconds: 10 },
    resources: { requests: { cpu: "50m", memory: "32Mi", "ephemeral-storage": "10Mi" }, limits: { cpu: "1", memory: "128Mi", "ephemeral-storage": "50Mi" } },
    securityContext: hardened,
    ...more,
  };
}

export function workload(kind: "Deployment" | "StatefulSet", name: string, namespace: string, containers: object[], more: object = {}): object {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: metadata(name, namespace),
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: "shop",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 15,
          securityContext: { runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001, seccompProfile: { type: "RuntimeDefault" } },
          topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels: { app: name } } }],
          containers,
        },
      },
      ...more,
    },
  };
}

export const service = (name: string, namespace: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: metadata(name, namespace),
  spec: { selector: { app: name }, ports: [{ name: "http", port: 3000, targetPort: "http" }], ...more },
});

function objectsOf(namespace: string, image: string, shop: Shop): object[] {
  const { message = "one", code = server, replicas = "replicas" in shop ? undefined : 2, more = [], withoutWeb, serviceName = "store" } = shop;
  const env = [{ name: "VALKEY_PASSWORD", valueFrom: { secretKeyRef: { name: "backend", key: "VALKEY_PASSWORD" } } }];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
    { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "default-deny", namespace }, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "allow", namespace },
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: 3000 }] }] },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "shop", namespace }, automountServiceAccountToken: false },
    service("store", namespace, { clusterIP: "None" }),
    workload("StatefulSet", "store", namespace, [container("store", image, server, { env: [{ name: "MESSAGE", value: "store" }, ...env] })], { serviceName, replicas: 1 }),
    ...(withoutWeb
      ? []
      : [
          { apiVersion: "v1", kind: "ConfigMap", metadata: metadata("web", namespace), data: { MESSAGE: message } },
          workload("Deployment", "web", namespace, [container("web", shop.image ?? image, code, { env, envFrom: [{ configMapRef: { name: "web" } }] })], { replicas }),
          service("web", namespace),
          { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: metadata("web", namespace), spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: { app: "web" } } } },
        ]),
    ...more,
  ];
}

/** @param cluster a kind cluster that {@link makeCluster} made */
export function makeTrial(cluster: TrialCluster, { context = "trial-production", namespace = "shop" } = {}): Trial {
  const folder = join(mkdtempSync(join(tmpdir(), "trial-")), "project");
  copyCheckout(folder);
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  const environment = {
    name: "prod",
    development: false,
    context,
    namespace,
    domain: "shop.example.com",
    registry: cluster.registry,
    tag: "1",
    ingressClass: "nginx",
    issuer: { kind: "acme", name: "letsencrypt", server: "https://acme.example.com/directory", email: "a@example.com" },
    replicas: 2,
    secrets: { from: "environment" },
  };
  write("manifests/environments/index.ts", `export const environments = { prod: ${JSON.stringify(environment)} };\n`);
  write("manifests/images.ts", "export const builtImages = [];\nexport const pulledImages = [];\n");
  write(
    "manifests/index.ts",
    `import { readFileSync } from "node:fs";
import secrets from "./secrets.ts";
import { waive } from "./waivers.ts";
const waiver = { rule: "development-image", reason: "this cluster's registry is on this machine", until: "2999-12-31" };
export const manifests = (environment, values) => [
  ...JSON.parse(readFileSync(new URL("objects.json", import.meta.url), "utf8")).map((object) => object.spec?.template ? waive(waiver, object) : object),
  ...secrets(environment, values).filter(({ metadata }) => metadata.name === "backend"),
];
`,
  );
  const git = (...words: string[]) => execFileSync("git", ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", ...words], { cwd: folder, stdio: "ignore" });
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "A shop");

  const kubeconfig = join(folder, "..", "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig(context), { mode: 0o600 });
  const env = shellEnvironment({ KUBECONFIG: kubeconfig, VALKEY_PASSWORD: canary });
  delete env["FORCE_COLOR"]; // of vitest; Node warns when it stands beside NO_COLOR
  const trial: Trial = {
    folder,
    context,
    namespace,
    env,
    image: cluster.image,
    shop: (shop) => write("manifests/objects.json", JSON.stringify(objectsOf(namespace, cluster.image, shop))),
    // Without npx, which takes a second: its own way of starting is tested elsewhere.
    deploy: (...args) => run(process.execPath, [join(process.cwd(), "node_modules/zx/build/cli.js"), "scripts/deploy.mts", ...args], { cwd: folder, env: withTsx(env) }),
    scriptEnv: () => withTsx(env),
    async kubectl(...args) {
      const { code, stdout, stderr } = await run("kubectl", ["--context", context, "--namespace", namespace, ...args], { env });
      if (code !== 0) throw new Error(stderr);
      return stdout.trim();
    },
    versions: () =>
      trial.kubectl("get", "all,configmaps,secrets,leases,poddisruptionbudgets,networkpolicies,namespaces", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}"),
    read: (file) => readFileSync(join(folder, file), "utf8"),
    write,
    remove: () => rmSync(join(folder, ".."), { recursive: true, force: true }),
  };
  return trial;
}

/** Node before 22.18 reads TypeScript by tsx; npm would see to that. */
function withTsx(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  return major > 22 || (major === 22 && minor >= 18) ? env : { ...env, NODE_OPTIONS: `--import=${import.meta.resolve("tsx")}` };
}

export interface TrialCluster {
  readonly name: string;
  readonly registry: string;
  /** In the registry; its pods pull it from there. */
  readonly image: string;
  /** @returns a kubeconfig that knows the cluster by that name only */
  kubeconfig(context: string): string;
  remove(): void;
}

/** Makes a kind cluster, and a registry that its node pulls from. Kubeconfigs of this machine are not touched. */
export function makeCluster(name: string, registryPort: number): TrialCluster {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const kubeconfig = join(folder, "kubeconfig");
  const registry = `127.0.0.1:${registryPort}`;
  const remove = () => {
    execFileSync("kind", ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig], { stdio: "ignore" });
    removeRegistry(`${name}-registry`);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(
      join(folder, "kind.yaml"),
      `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
`,
    );
    const node = process.env["KIND_NODE_IMAGE"];
    // Of a run that was killed.
    execFileSync("kind", ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig], { stdio: "ignore" });
    execFileSync("kind", ["create", "cluster", "--name", name, "--config", join(folder, "kind.yaml"), "--kubeconfig", kubeconfig, "--wait", "120s", ...(node ? ["--image", node] : [])], { stdio: ["ignore", "ignore", "pipe"] });
    const image = startRegistry(`${name}-registry`, registry, ["--network", "kind"]);
    const hosts = `/etc/containerd/certs.d/${registry}`;
    docker("exec", `${name}-control-plane`, "sh", "-c", `mkdir -p ${hosts} && printf '[host."http://${name}-registry:5000"]\\n' > ${hosts}/hosts.toml`);
    return { name, registry, image, remove, kubeconfig: (context) => readFileSync(kubeconfig, "utf8").replaceAll(`kind-${name}`, context) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** @returns objects that a command wrote as JSON */
export const parsed = (text: string) => JSON.parse(text) as { items: KubernetesObject[] };
