import type { KubernetesObject } from "../../scripts/lib/render.ts";

// What can go wrong in a rollout, each on its smallest workload. Each has a namespace of its own, so that all run side by
// side and none sees another's events.

export interface Scenario {
  /** Its namespace, and what the reader would miss. */
  readonly name: string;
  /** Applied and waited for before the rest: what runs already. */
  readonly before?: readonly KubernetesObject[];
  readonly objects: readonly KubernetesObject[];
}

type Fields = Record<string, unknown>;
const node = "node:22-alpine";
const valkey = "valkey/valkey:8-alpine";
/** Where tests/e2e/registry.ts listens, as the node sees it. */
export const registry = "127.0.0.1:5099";

const object = (apiVersion: string, kind: string, name: string, rest: Fields = {}): KubernetesObject => ({ apiVersion, kind, metadata: { name }, ...rest });

const program = (code: string, more: Fields = {}): Fields => ({ image: node, command: ["node", "-e", code], imagePullPolicy: "IfNotPresent", ...more });
const server = (port: number, more: Fields = {}) =>
  program(`require("http").createServer((q, a) => a.writeHead(q.url === "/readyz" ? 200 : 404).end()).listen(${port}, () => console.log("listening on ${port}"))`, {
    readinessProbe: { httpGet: { path: "/readyz", port }, periodSeconds: 1 },
    ...more,
  });

function pod(name: string, container: Fields, more: Fields = {}): Fields {
  const { labels = {}, ...spec } = more;
  return {
    metadata: { labels: { app: name, ...(labels as Fields) } },
    spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [{ name, ...container }], ...spec },
  };
}

const deployment = (name: string, container: Fields, { pod: podSpec, ...spec }: { pod?: Fields; [field: string]: unknown } = {}) =>
  object("apps/v1", "Deployment", name, { spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: pod(name, container, podSpec), ...spec } });

const statefulSet = (name: string, container: Fields, { pod: podSpec, ...spec }: { pod?: Fields; [field: string]: unknown } = {}) =>
  object("apps/v1", "StatefulSet", name, { spec: { serviceName: name, replicas: 1, selector: { matchLabels: { app: name } }, template: pod(name, container, podSpec), ...spec } });

const configMap = (name: string, data: Record<string, string>) => object("v1", "ConfigMap", name, { data });
const service = (name: string, port: number) => object("v1", "Service", name, { spec: { selector: { app: name }, ports: [{ name: "main", port }] } });
const job = (name: string, container: Fields, spec: Fields = {}) =>
  object("batch/v1", "Job", name, { spec: { backoffLimit: 0, template: { spec: { ...(pod(name, container)["spec"] as Fields), restartPolicy: "Never" } }, ...spec } });

const certificate = (name: string, issuerRef: Fields) =>
  object("cert-manager.io/v1", "Certificate", name, { spec: { secretName: `${name}-tls`, dnsNames: [`${name}.example.com`], issuerRef } });

export const canary = "canary-3f9c7a51";

export const scenarios: readonly Scenario[] = [
  { name: "ready", objects: [deployment("web", server(3000), { replicas: 2 }), service("web", 3000)] },

  // Images
  { name: "image-missing", before: [deployment("web", server(3000), { replicas: 2 })], objects: [deployment("web", { ...server(3000), image: `${registry}/missing/web:2` }, { replicas: 2 })] },
  { name: "image-denied", objects: [deployment("web", { image: `${registry}/denied/web:1` })] },
  { name: "image-platform", objects: [deployment("web", { image: `${registry}/platform/web:1` })] },
  { name: "image-network", objects: [deployment("web", { image: "registry.invalid/web:1" })] },
  { name: "image-name", objects: [deployment("web", { image: "Web:latest" })] },
  { name: "image-never", objects: [deployment("web", { image: "only-here/web:1", imagePullPolicy: "Never" })] },

  // Exits
  {
    name: "crash",
    objects: [
      object("v1", "Secret", "web", { stringData: { PASSWORD: canary } }),
      deployment("web", program(`console.log("starting with", process.env.PASSWORD); console.error("Error: VALKEY_URL is not set"); process.exit(3)`, { envFrom: [{ secretRef: { name: "web" } }] }), { replicas: 2 }),
    ],
  },
  { name: "crash-init", objects: [deployment("web", server(3000), { pod: { initContainers: [{ name: "migrate", ...program(`console.error("relation users does not exist"); process.exit(1)`) }] } })] },
  { name: "exit-zero", objects: [deployment("web", program(`console.log("all done")`))] },
  {
    name: "out-of-memory",
    objects: [deployment("web", program(`console.log("reading everything"); const all = []; for (;;) all.push(Buffer.alloc(4e6, 1))`, { resources: { limits: { memory: "64Mi" } } }))],
  },
  { name: "command-missing", objects: [deployment("web", { image: valkey, command: ["/usr/bin/no-such-program"] })] },
  { name: "shell-command-missing", objects: [deployment("web", { image: valkey, command: ["sh", "-c", "no-such-program --port 1"] })] },

  // Configuration
  { name: "configmap-missing", objects: [configMap("web-env", { A: "1" }), deployment("web", server(3000, { envFrom: [{ configMapRef: { name: "web-envs" } }] }))] },
  { name: "secret-key-missing", objects: [object("v1", "Secret", "web", { stringData: { VALKEY_URL: canary } }), deployment("web", server(3000, { env: [{ name: "URL", valueFrom: { secretKeyRef: { name: "web", key: "VALKEY_URI" } } }] }))] },
  { name: "volume-secret-missing", objects: [deployment("web", server(3000, { volumeMounts: [{ name: "keys", mountPath: "/keys" }] }), { pod: { volumes: [{ name: "keys", secret: { secretName: "web-keys" } }] } })] },
  { name: "user-not-numeric", objects: [deployment("web", { image: valkey, securityContext: { runAsNonRoot: true } })] },
  { name: "user-root", objects: [deployment("web", server(3000, { securityContext: { runAsNonRoot: true } }))] },

  // Places
  { name: "no-room", objects: [deployment("web", server(3000, { resources: { requests: { cpu: "500" } } }))] },
  { name: "no-such-node", objects: [deployment("web", server(3000), { pod: { nodeSelector: { disk: "ssd" } } })] },
  {
    name: "no-volume",
    objects: [
      statefulSet("store", { image: valkey, volumeMounts: [{ name: "data", mountPath: "/data" }] }, {
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "1Gi" } } } }],
      }),
    ],
  },

  // Probes
  { name: "readiness-path", objects: [deployment("web", { ...server(3000), readinessProbe: { httpGet: { path: "/ready", port: 3000 }, periodSeconds: 1 } })] },
  { name: "readiness-port", before: [deployment("web", server(3000))], objects: [deployment("web", { ...server(3001), readinessProbe: { httpGet: { path: "/readyz", port: 3000 }, periodSeconds: 1 } })] },
  { name: "startup", objects: [deployment("web", server(3000, { startupProbe: { httpGet: { path: "/livez", port: 3000 }, periodSeconds: 1, failureThreshold: 5 } }))] },
  { name: "liveness", objects: [deployment("web", { ...server(3000), readinessProbe: undefined, livenessProbe: { tcpSocket: { port: 4000 }, periodSeconds: 1, failureThreshold: 3 } })] },

  // Refused before there is a pod
  { name: "quota", objects: [object("v1", "ResourceQuota", "small", { spec: { hard: { "requests.memory": "64Mi" } } }), deployment("web", server(3000, { resources: { requests: { memory: "128Mi" } } }))] },
  {
    name: "limit-range",
    objects: [object("v1", "LimitRange", "small", { spec: { limits: [{ type: "Container", max: { memory: "32Mi" } }] } }), statefulSet("store", { image: valkey, resources: { limits: { memory: "64Mi" } } })],
  },
  { name: "pod-security", objects: [deployment("web", server(3000))] },
  { name: "webhook-denies", objects: [deployment("web", server(3000)), job("migrate", program(`console.log("migrated")`))] },
  { name: "webhook-down", objects: [deployment("web", server(3000))] },

  // Jobs and certificates
  { name: "job", objects: [job("migrate", program(`console.error("relation users does not exist"); process.exit(1)`))] },
  { name: "job-deadline", objects: [job("migrate", program(`setInterval(() => {}, 1e6)`), { activeDeadlineSeconds: 5 })] },
  { name: "issuer-missing", objects: [certificate("web", { kind: "ClusterIssuer", name: "letsencrypt" })] },
  { name: "challenge", objects: [certificate("web", { kind: "ClusterIssuer", name: "pebble" })] },

  // What depends on what
  {
    name: "dependency",
    objects: [
      configMap("backend", { VALKEY_URL: "redis://valkey:6379" }),
      deployment("backend", program(`require("net").connect(6379, "valkey").on("error", (error) => { console.error(error.message); process.exit(1) })`, { envFrom: [{ configMapRef: { name: "backend" } }] })),
      service("valkey", 6379),
      statefulSet("valkey", { image: valkey, command: ["valkey-server", "--maxmemory", "lots"] }),
    ],
  },

  // Repair of what could never start: the StatefulSet's controller waits for the pod that can't become ready
  { name: "stuck-statefulset", before: [statefulSet("store", { image: "Web:latest" })], objects: [statefulSet("store", { image: valkey })] },

  // What is not a failure
  { name: "slow-start", objects: [deployment("web", program(`let step = 0; const timer = setInterval(() => console.log("loading part", ["a", "b", "c", "d", "e", "f"][step++]) || (step === 6 && (clearInterval(timer), require("http").createServer((q, a) => a.end()).listen(3000))), 6000)`, { readinessProbe: { httpGet: { path: "/", port: 3000 }, periodSeconds: 1 } }))] },
  {
    name: "waits-for-dependency",
    objects: [
      configMap("backend", { VALKEY_URL: "redis://valkey:6379" }),
      deployment("backend", program(`require("net").connect(6379, "valkey").on("error", (error) => { console.error(error.message); process.exit(1) }); setInterval(() => {}, 1e6)`, { envFrom: [{ configMapRef: { name: "backend" } }] })),
      service("valkey", 6379),
      statefulSet("valkey", { image: valkey, command: ["sh", "-c", "sleep 25; exec valkey-server --protected-mode no"], startupProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1, failureThreshold: 60 }, readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 } }),
    ],
  },
];
