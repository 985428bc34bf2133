import type { KubernetesObject } from "../../scripts/lib/render.ts";

// What can go wrong in a rollout, each on its smallest workload. Each has a namespace of its own, so that all run side by
// side and none sees another's events.

export interface Scenario {
  /** Its namespace, and what the reader would miss. */
  readonly name: string;
  /** Runs already when the rollout begins. */
  readonly before?: readonly KubernetesObject[];
  /** `before` can't become ready. */
  readonly brokenBefore?: true;
  readonly objects: readonly KubernetesObject[];
  /** What keeps it from becoming ready; without one it becomes ready. */
  readonly cause?: string;
  /** The first words by which the cluster itself says so, anywhere in its objects. */
  readonly knows?: RegExp;
  /** What the block must hold besides the object, its line, reason, cause and fix. */
  readonly says?: readonly RegExp[];
}

type Fields = Record<string, unknown>;
type Workload = Fields & { pod?: Fields };
const valkey = "valkey/valkey:8-alpine";
/** Where the registry of rollout-servers.ts listens, as the node sees it. */
export const registry = "127.0.0.1:5099";
/** A value of a Secret that a failing program prints. */
export const canary = "canary-3f9c7a51";

const object = (apiVersion: string, kind: string, name: string, rest: Fields = {}): KubernetesObject => ({ apiVersion, kind, metadata: { name }, ...rest });

function pod(name: string, container: Fields, more: Fields = {}): Fields {
  return {
    metadata: { labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [{ name, ...container }], ...more },
  };
}
const deployment = (name: string, container: Fields, { pod: podSpec, ...spec }: Workload = {}) =>
  object("apps/v1", "Deployment", name, { spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: pod(name, container, podSpec), ...spec } });
const statefulSet = (name: string, container: Fields, { pod: podSpec, ...spec }: Workload = {}) =>
  object("apps/v1", "StatefulSet", name, { spec: { serviceName: name, replicas: 1, selector: { matchLabels: { app: name } }, template: pod(name, container, podSpec), ...spec } });
const daemonSet = (name: string, container: Fields) => object("apps/v1", "DaemonSet", name, { spec: { selector: { matchLabels: { app: name } }, template: pod(name, container) } });
const job = (name: string, container: Fields, spec: Fields = {}) =>
  object("batch/v1", "Job", name, { spec: { backoffLimit: 0, template: { spec: { ...(pod(name, container)["spec"] as Fields), restartPolicy: "Never" } }, ...spec } });
const configMap = (name: string, data: Record<string, string>) => object("v1", "ConfigMap", name, { data });
const secret = (name: string, stringData: Record<string, string>) => object("v1", "Secret", name, { stringData });
const service = (name: string, port: number) => object("v1", "Service", name, { spec: { selector: { app: name }, ports: [{ name: "main", port }] } });
const certificate = (name: string, issuer: string) =>
  object("cert-manager.io/v1", "Certificate", name, { spec: { secretName: `${name}-tls`, dnsNames: [`${name}.example.com`], issuerRef: { kind: "ClusterIssuer", name: issuer } } });

/** @param node an image with Node that the cluster can pull */
export function scenarios(node: string): Scenario[] {
  const program = (code: string, more: Fields = {}): Fields => ({ image: node, command: ["node", "-e", code], imagePullPolicy: "IfNotPresent", ...more });
  const get = (path: string, port: number) => ({ httpGet: { path, port }, periodSeconds: 1 });
  const server = (port: number, more: Fields = {}) =>
    program(`require("http").createServer((q, a) => a.writeHead(q.url === "/readyz" ? 200 : 404).end()).listen(${port}, () => console.log("listening on ${port}")); process.on("SIGTERM", () => setTimeout(() => process.exit(), 500))`, { readinessProbe: { ...get("/readyz", port), timeoutSeconds: 5 }, ...more });
  // Asks all the time, each time over a new connection, and counts from the first good answer: before the node has rules
  // for the Service's address, a question leaves the cluster, and whoever is out there answers it.
  // Asks for the name once: how busy the cluster's DNS is, is nobody's fault here.
  const client = object("v1", "Pod", "client", {
    spec: pod("client", program(`let good = 0, bad = 0, why = "", host; const ask = async () => { try { host ??= (await require("dns/promises").lookup("web")).address; const { ok, status } = await fetch("http://" + host + ":3000/readyz", { headers: { connection: "close" } }); if (ok) good++; else if (good) (bad++, (why = status)); } catch ({ cause, message }) { if (good) (bad++, (why = cause?.message ?? message)); } setTimeout(ask, 50); }; ask(); setInterval(() => console.log(good, "good", bad, "bad", why), 500)`))["spec"],
  });
  const running = [deployment("web", server(3000), { replicas: 2 }), service("web", 3000), client];
  const connects = (more = "") => program(`require("net").connect(6379, "valkey").on("error", (error) => { console.error(error.message); process.exit(1) }); ${more}`, { envFrom: [{ configMapRef: { name: "backend" } }] });
  const withValkey = (store: KubernetesObject, more?: string) => [configMap("backend", { VALKEY_URL: "redis://valkey:6379" }), deployment("backend", connects(more)), service("valkey", 6379), store];

  const list: Scenario[] = [
    { name: "ready", objects: [deployment("web", server(3000), { replicas: 2 }), service("web", 3000)] },

    // Images
    { name: "image-missing", before: running, objects: [deployment("web", { ...server(3000), image: `${registry}/missing/web:2` }, { replicas: 2 })], cause: "image-not-found", knows: /ErrImagePull/, says: [/has no missing\/web:2/, /keeps serving: 2 of 2/] },
    { name: "image-denied", objects: [deployment("web", { image: `${registry}/denied/web:1` })], cause: "image-denied", knows: /ErrImagePull/, says: [/imagePullSecrets/] },
    { name: "image-platform", objects: [deployment("web", { image: `${registry}/platform/web:1` })], cause: "image-platform", knows: /ErrImagePull/, says: [/processor/] },
    { name: "image-network", objects: [deployment("web", { image: "registry.invalid/web:1" })], cause: "image-network", knows: /ErrImagePull/, says: [/can't reach registry\.invalid/] },
    { name: "image-name", objects: [deployment("web", { image: "Web:latest" })], cause: "image-name", knows: /InvalidImageName/, says: [/not a valid image name/] },
    { name: "image-never", objects: [deployment("web", { image: "only-here/web:1", imagePullPolicy: "Never" })], cause: "image-never", knows: /ErrImageNeverPull/, says: [/imagePullPolicy/] },

    { name: "daemon-set", objects: [daemonSet("agent", { image: "Agent:latest" })], cause: "image-name", knows: /InvalidImageName/, says: [/DaemonSet daemon-set\/agent/] },

    // Exits
    {
      name: "crash",
      objects: [secret("web", { PASSWORD: canary }), deployment("web", program(`console.log("starting with", process.env.PASSWORD); console.error("Error: VALKEY_URL is not set"); process.exit(3)`, { envFrom: [{ secretRef: { name: "web" } }] }), { replicas: 2 })],
      cause: "crash",
      knows: /CrashLoopBackOff|"restartCount":1/,
      says: [/exit code 3/, /\| Error: VALKEY_URL is not set/, /\| starting with <Secret web: PASSWORD>/],
    },
    { name: "crash-init", objects: [deployment("web", server(3000), { pod: { initContainers: [{ name: "migrate", ...program(`console.error("relation users does not exist"); process.exit(1)`) }] } })], cause: "crash", knows: /CrashLoopBackOff|"restartCount":1/, says: [/container +migrate/, /\| relation users does not exist/] },
    { name: "exit-zero", objects: [deployment("web", program(`console.log("all done")`))], cause: "ended", knows: /CrashLoopBackOff|"restartCount":1/, says: [/exit code 0/, /\| all done/, /Job/] },
    { name: "out-of-memory", objects: [deployment("web", program(`console.log("reading everything"); const all = []; for (;;) all.push(Buffer.alloc(4e6, 1))`, { resources: { limits: { memory: "64Mi" } }, readinessProbe: get("/readyz", 3000) }))], cause: "out-of-memory", knows: /OOMKilled/, says: [/exit code 137/, /64Mi/] },
    { name: "command-missing", objects: [deployment("web", { image: valkey, command: ["/usr/bin/no-such-program"] })], cause: "command-not-found", knows: /RunContainerError|no such file/, says: [/exit code 128/, /no-such-program is not in the image/] },
    { name: "shell-command-missing", objects: [deployment("web", { image: valkey, command: ["sh", "-c", "no-such-program --port 1"] })], cause: "command-not-found", knows: /"exitCode":127/, says: [/exit code 127/, /\| .*no-such-program: not found/] },

    // Configuration
    { name: "configmap-missing", objects: [configMap("web-env", { A: "1" }), deployment("web", server(3000, { envFrom: [{ configMapRef: { name: "web-envs" } }] }))], cause: "config-missing", knows: /configmap \\"web-envs\\" not found/, says: [/did you mean web-env\?/] },
    { name: "secret-key-missing", objects: [secret("web", { VALKEY_URL: canary }), deployment("web", server(3000, { env: [{ name: "URL", valueFrom: { secretKeyRef: { name: "web", key: "VALKEY_URI" } } }] }))], cause: "config-key-missing", knows: /couldn't find key/, says: [/did you mean VALKEY_URL\?/] },
    { name: "volume-secret-missing", objects: [deployment("web", server(3000, { volumeMounts: [{ name: "keys", mountPath: "/keys" }] }), { pod: { volumes: [{ name: "keys", secret: { secretName: "web-keys" } }] } })], cause: "config-missing", knows: /FailedMount/, says: [/no Secret web-keys/] },
    { name: "user-not-numeric", objects: [deployment("web", { image: valkey, securityContext: { runAsNonRoot: true } })], cause: "user-not-numeric", knows: /non-numeric user/, says: [/runAsUser/] },
    { name: "user-root", objects: [deployment("web", server(3000, { securityContext: { runAsNonRoot: true } }))], cause: "runs-as-root", knows: /will run as root/, says: [/runAsUser/] },

    // Places
    { name: "no-room", objects: [deployment("web", server(3000, { resources: { requests: { cpu: "500" } } }))], cause: "unschedulable", knows: /Insufficient cpu/, says: [/cpu 500/, /a whole node has cpu \d/] },
    { name: "no-such-node", objects: [deployment("web", server(3000), { pod: { nodeSelector: { disk: "ssd" } } })], cause: "unschedulable", knows: /node affinity\/selector/, says: [/disk=ssd/] },
    {
      name: "no-volume",
      objects: [statefulSet("store", { image: valkey, volumeMounts: [{ name: "data", mountPath: "/data" }] }, { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "1Gi" } } } }] })],
      cause: "volume-unbound",
      knows: /ProvisioningFailed/,
      says: [/no StorageClass fast/],
    },

    // Probes
    { name: "readiness-path", objects: [deployment("web", { ...server(3000), readinessProbe: get("/ready", 3000) })], cause: "readiness-probe", knows: /Readiness probe failed: HTTP/, says: [/has no \/ready/, /\| listening on 3000/] },
    { name: "readiness-port", before: running, objects: [deployment("web", { ...server(3001), readinessProbe: get("/readyz", 3000) }, { replicas: 2 })], cause: "readiness-probe", knows: /Readiness probe failed: .*:3000.*refused/, says: [/nothing listens on port 3000: the program says that it listens on 3001/, /keeps serving: 2 of 2/] },
    { name: "startup", objects: [deployment("web", server(3000, { startupProbe: { ...get("/livez", 3000), failureThreshold: 12 } }))], cause: "startup-probe", knows: /Startup probe failed/, says: [/has no \/livez/] },
    { name: "liveness", objects: [deployment("web", { ...server(3000), readinessProbe: undefined, livenessProbe: { tcpSocket: { port: 4000 }, periodSeconds: 1, failureThreshold: 3 } })], cause: "liveness-probe", knows: /failed liveness probe/, says: [/port 4000/] },

    // Refused before there is a pod
    { name: "quota", objects: [object("v1", "ResourceQuota", "small", { spec: { hard: { "requests.memory": "64Mi" } } }), deployment("web", server(3000, { resources: { requests: { memory: "128Mi" } } }))], cause: "quota", knows: /exceeded quota/, says: [/ResourceQuota small allows requests.memory=64Mi/] },
    { name: "limit-range", objects: [object("v1", "LimitRange", "small", { spec: { limits: [{ type: "Container", max: { memory: "32Mi" } }] } }), statefulSet("store", { image: valkey, resources: { limits: { memory: "64Mi" } } })], cause: "limit-range", knows: /FailedCreate/, says: [/32Mi/] },
    { name: "pod-security", objects: [deployment("web", server(3000))], cause: "pod-security", knows: /FailedCreate/, says: [/allowPrivilegeEscalation=false/, /seccompProfile/] },
    { name: "webhook-denies", objects: [deployment("web", server(3000)), job("migrate", program(`console.log("migrated")`))], cause: "admission-denied", knows: /denied the request/, says: [/every pod needs the label team/, /Job webhook-denies\/migrate/] },
    { name: "webhook-down", objects: [deployment("web", server(3000))], cause: "webhook-unavailable", knows: /failed calling webhook/, says: [/labels\.example\.com does not answer/] },

    // Jobs and certificates
    { name: "job", objects: [job("migrate", program(`console.error("relation users does not exist"); process.exit(1)`))], cause: "job-failed", knows: /FailureTarget/, says: [/exit code 1/, /\| relation users does not exist/] },
    { name: "job-deadline", objects: [job("migrate", program(`setInterval(() => {}, 1e6)`), { activeDeadlineSeconds: 5 })], cause: "job-failed", knows: /FailureTarget/, says: [/5 s/] },
    { name: "issuer-missing", objects: [certificate("web", "letsencrypt")], cause: "issuer", knows: /Referenced \\"ClusterIssuer\\" not found/, says: [/no ClusterIssuer letsencrypt/] },
    { name: "challenge", objects: [certificate("web", "pebble")], cause: "certificate", knows: /no such host/, says: [/web\.example\.com has no DNS record/] },

    // What depends on what
    { name: "dependency", objects: withValkey(statefulSet("valkey", { image: valkey, command: ["valkey-server", "--maxmemory", "lots"] })), cause: "crash", knows: /"name":"valkey"[^{]*"restartCount":1|failed container valkey/, says: [/^✗ StatefulSet dependency\/valkey/, /argument must be a memory value/, /Deployment dependency\/backend needs it/] },

    // A cure that never arrives: the controller waits for the very pod that can't become ready
    { name: "stuck-statefulset", before: [statefulSet("store", { image: "Web:latest" })], brokenBefore: true, objects: [statefulSet("store", { image: valkey })], cause: "stuck-statefulset", knows: /"updateRevision"/, says: [/delete pod store-0/] },

    // What is not a failure
    {
      name: "slow-start",
      objects: [deployment("web", program(`let step = 0; const timer = setInterval(() => console.log("loading part", ["a", "b", "c", "d", "e", "f"][step++]) || (step === 6 && (clearInterval(timer), require("http").createServer((q, a) => a.end()).listen(3000))), 6000)`, { readinessProbe: get("/", 3000) }))],
    },
    {
      name: "waits-for-dependency",
      objects: withValkey(statefulSet("valkey", { image: valkey, command: ["sh", "-c", "sleep 25; exec valkey-server --protected-mode no"], startupProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1, failureThreshold: 60 }, readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 } }), "setInterval(() => {}, 1e6)"),
    },
  ];
  const within = (namespace: string) => (one: KubernetesObject): KubernetesObject => ({ ...one, metadata: { ...one.metadata, namespace } });
  return list.map((scenario) => ({ ...scenario, before: scenario.before?.map(within(scenario.name)), objects: scenario.objects.map(within(scenario.name)) }));
}
