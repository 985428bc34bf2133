import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type Cluster } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import type { Recording } from "./recorded-cluster.ts";
import { replay } from "./replay.ts";
import type { RolloutOptions } from "./rollout.ts";

// What Kubernetes does in seldom hours, written down second by second: too rare, or too long, to be recorded.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Fields = Record<string, any>;
type Step = Recording["steps"][number];
const start = Date.parse("2026-01-01T12:00:00Z");
const iso = (second: number) => new Date(start + second * 1000).toISOString().replace(".000Z", "Z");
const meta = (name: string, uid: string, at: number, more: Fields = {}) => ({ name, namespace: "prod", uid, generation: 1, creationTimestamp: iso(at), managedFields: [{ time: iso(at) }], ...more });
const ownedBy = (kind: string, uid: string) => ({ ownerReferences: [{ kind, name: "x", uid, controller: true }] });

const probe = { httpGet: { port: 3000, path: "/readyz" }, periodSeconds: 2 };
const web = { name: "web", image: "web:1", readinessProbe: probe };
const state = (more: Fields = {}) => ({ name: "web", ready: false, started: true, restartCount: 0, containerID: "c0", ...more });
const running = (at: number, more: Fields = {}) => state({ state: { running: { startedAt: iso(at) } }, ...more });
const creating = state({ started: false, containerID: undefined, state: { waiting: { reason: "ContainerCreating" } } });
const ended = (at: number, exitCode = 1) => ({ terminated: { exitCode, reason: "Error", startedAt: iso(at - 1), finishedAt: iso(at), containerID: `c${at}` } });

const deployment = ({ replicas = 1, at = 0, name = "web", revision = "1", containers = [web], ...status }: Fields = {}): KubernetesObject =>
  ({ apiVersion: "apps/v1", kind: "Deployment", metadata: meta(name, `d-${name}`, at, { annotations: { "deployment.kubernetes.io/revision": revision } }), spec: { replicas, template: { metadata: { labels: { app: name } }, spec: { containers } } }, status: { observedGeneration: 1, replicas, updatedReplicas: replicas, ...status } });
const replicaSet = ({ of = "web", revision = "1", at = 0, name = `${of}-${revision}`, ...status }: Fields = {}): KubernetesObject =>
  ({ apiVersion: "apps/v1", kind: "ReplicaSet", metadata: meta(name, name, at, { annotations: { "deployment.kubernetes.io/revision": revision }, ...ownedBy("Deployment", `d-${of}`) }), spec: {}, status });
const pod = (name: string, { of = ["ReplicaSet", "web-1"], at = 0, statuses = [creating], containers = [web], phase = "Running", ready = false, labels = {}, metadata = {}, ...spec }: Fields = {}): KubernetesObject =>
  ({ apiVersion: "v1", kind: "Pod", metadata: meta(name, name, at, { labels, ...ownedBy(of[0], of[1]), ...metadata }), spec: { nodeName: "node", containers, ...spec }, status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }], containerStatuses: statuses } });
const event = (name: string, about: KubernetesObject, reason: string, message: string, at: number, type = "Warning"): KubernetesObject =>
  ({ apiVersion: "v1", kind: "Event", metadata: { name, namespace: "prod" }, type, reason, message, count: 1, firstTimestamp: iso(at), lastTimestamp: iso(at), involvedObject: { kind: about.kind, name: about.metadata.name, uid: (about.metadata as Fields)["uid"] } }) as KubernetesObject;

const put = (at: number, ...objects: KubernetesObject[]): Step[] => objects.map((object) => ({ at, object: `${object.kind} ${object.metadata.name}`, set: object }));
const change = (at: number, object: string, set: Fields): Step => ({ at, object, set });
const gone = (at: number, object: string): Step => ({ at, object, gone: true });
const statusOf = (at: number, name: string, ...statuses: Fields[]) => change(at, `Pod ${name}`, { status: { phase: "Running", containerStatuses: statuses } });
const becomesReady = (at: number, name: string, of = "Deployment web", count = 1): Step[] => [
  change(at, `Pod ${name}`, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [running(at - 1, { ready: true, containerID: `r${at}` })] } }),
  change(at, of, { status: { readyReplicas: count, availableReplicas: count } }),
];

interface Sequence extends RolloutOptions {
  logs?: Record<string, string>;
  but?: (cluster: Cluster) => Partial<Cluster>;
}
const play = (objects: KubernetesObject[], steps: Step[], { logs = {}, but, ...options }: Sequence = {}) =>
  replay({ objects, logs, steps: [...steps].sort((a, b) => a.at - b.at) }, { deadline: 900, ...options }, start, but);
const isReady = async (...sequence: Parameters<typeof play>) => expect((await play(...sequence)).result).toMatchObject({ outcome: "ready", failures: [] });

describe("what is over is no failure", () => {
  it("a volume that could not be mounted at first, while the image is pulled for half a minute", async () => {
    const a = pod("web-a", { phase: "Pending" });
    const mount = event("mount", a, "FailedMount", 'MountVolume.SetUp failed for volume "kube-api-access" : failed to sync configmap cache', 1);
    await isReady([deployment()], [...put(0, deployment(), replicaSet()), ...put(1, a, mount), ...put(3, event("pull", a, "Pulling", "Pulling image", 3, "Normal")), ...becomesReady(34, "web-a")]);
  });

  const liveness = [{ ...web, livenessProbe: probe }];
  const killed = (at: number, name: KubernetesObject, count = 1) => ({ ...event("kill", name, "Killing", "Container web failed liveness probe, will be restarted", at, "Normal"), count });

  it("a kill by the liveness probe, of a pod that is ready again while another still starts", async () => {
    const [a, b] = [pod("web-a", { containers: liveness, statuses: [running(1)] }), pod("web-b", { containers: liveness, at: 40, phase: "Pending" })];
    const object = deployment({ replicas: 2, containers: liveness });
    await isReady([object], [...put(0, object, replicaSet()), ...put(1, a), ...put(31, killed(31, a)), statusOf(33, "web-a", running(33, { restartCount: 1, lastState: ended(33, 137) })), change(38, "Pod web-a", { status: { conditions: [{ type: "Ready", status: "True" }], containerStatuses: [running(33, { ready: true, restartCount: 1, lastState: ended(33, 137) })] } }), ...put(40, b), ...becomesReady(80, "web-b", "Deployment web", 2)]);
  });

  it("kills by the liveness probe before this rollout", async () => {
    const a = pod("web-a", { containers: liveness, at: -3000, ready: true, statuses: [running(-900, { ready: true, restartCount: 2, lastState: ended(-900, 137) })] });
    const object = deployment({ replicas: 2, at: -3000, containers: liveness });
    await isReady([object], [...put(0, object, replicaSet({ at: -3000 }), a, killed(-900, a, 2), pod("web-b", { phase: "Pending" })), ...becomesReady(20, "web-b", "Deployment web", 2)]);
  });

  it("restarts of long ago, when the autoscaler adds a pod to what was not changed", async () => {
    const containers = [web, { name: "shipper", image: "shipper:1" }];
    const shipper = (at: number, more: Fields = {}) => running(at, { name: "shipper", ready: true, containerID: `s${at}`, ...more });
    const a = pod("web-a", { containers, at: -89_000, ready: true, statuses: [running(-89_000, { ready: true }), shipper(-40_000, { restartCount: 3, lastState: ended(-40_000) })] });
    const object = deployment({ replicas: 2, at: -90_000, containers, readyReplicas: 1, availableReplicas: 1 });
    const both = change(8, "Pod web-b", { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [running(7, { ready: true }), shipper(7)] } });
    await isReady([object], [...put(0, object, replicaSet({ at: -90_000 }), a, pod("web-b", { containers, phase: "Pending" })), both, change(8, "Deployment web", { status: { readyReplicas: 2, availableReplicas: 2 } })]);
  });

  it("what the controller has not cleared up yet after a rollback: the condition, and which ReplicaSet is the newest", async () => {
    const old = pod("web-a", { at: -9000, ready: true, statuses: [running(-9000, { ready: true })] });
    const [mended, failed] = [replicaSet({ revision: "3", name: "web-1", at: -9000 }), replicaSet({ revision: "2" })];
    const over = deployment({ revision: "3", replicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "has timed out progressing" }] });
    await isReady([over], [...put(0, over, mended, failed, old), change(0.5, "Deployment web", { status: { conditions: [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }] } })]);
    const bad = pod("web-b", { of: ["ReplicaSet", "web-2"], at: -100, phase: "Pending", statuses: [state({ state: { waiting: { reason: "ImagePullBackOff", message: "web:2: not found" } } })] });
    const behind = deployment({ revision: "2", replicas: 1, readyReplicas: 1, availableReplicas: 1 });
    (behind["status"] as Fields)["replicas"] = 2;
    await isReady([behind], [...put(0, behind, mended, failed, old, bad), gone(0.3, "Pod web-b"), change(0.5, "Deployment web", { metadata: { annotations: { "deployment.kubernetes.io/revision": "3" } }, status: { replicas: 1 } })]);
  });

  it("the request of a Certificate that was mended since", async () => {
    const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: meta("web", "c", -600, { generation: 2, managedFields: [{ time: iso(0) }] }), spec: { secretName: "web-tls", issuerRef: { name: "ca" } }, status: {} };
    const request = { apiVersion: "cert-manager.io/v1", kind: "CertificateRequest", metadata: meta("web-1", "r", -300, ownedBy("Certificate", "c")), spec: {}, status: { conditions: [{ type: "Ready", status: "False", reason: "Failed", message: "order is invalid" }] } };
    const issued = change(10, "Certificate web", { status: { conditions: [{ type: "Ready", status: "True", observedGeneration: 2 }] } });
    await isReady([certificate], [...put(0, certificate, request), gone(4, "CertificateRequest web-1"), issued]);
    const fresh = { ...request, metadata: { ...request.metadata, creationTimestamp: iso(1) } };
    expect((await play([certificate], [...put(0, certificate), ...put(1, fresh)])).result).toMatchObject({ outcome: "failed", failures: [{ cause: "certificate" }] });
  });

  it("a quota that an old pod still uses up while it ends", async () => {
    const object = deployment({ replicas: 2, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 });
    const [a, old] = [pod("web-a", { ready: true, statuses: [running(0, { ready: true })] }), pod("old", { of: ["ReplicaSet", "other"], metadata: { deletionTimestamp: iso(0) }, statuses: [running(-500)] })];
    const failure = { conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2" }] };
    const steps = [...put(0, object, replicaSet(failure), a)];
    await isReady([object], [...steps, ...put(0, old, event("end", old, "Killing", "Stopping container web", 0, "Normal")), gone(10, "Pod old"), change(20, "ReplicaSet web-1", { status: { conditions: null } }), ...put(20, pod("web-b", { phase: "Pending" })), change(23, "Deployment web", { status: { updatedReplicas: 2 } }), ...becomesReady(23, "web-b", "Deployment web", 2)]);
    expect((await play([object], steps)).result).toMatchObject({ outcome: "failed", failures: [{ cause: "quota" }] });
  });

  it("a Job that was completed, and taken away by its ttlSecondsAfterFinished", async () => {
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: meta("migrate", "j", 0), spec: { ttlSecondsAfterFinished: 5, template: { spec: {} } }, status: { active: 1 } };
    const done = change(5, "Job migrate", { status: { succeeded: 1, conditions: [{ type: "Complete", status: "True" }] } });
    await isReady([job, deployment()], [...put(0, job, deployment(), replicaSet()), ...put(1, pod("web-a", { phase: "Pending" })), done, change(10, "Job migrate", { metadata: { deletionTimestamp: iso(10) } }), gone(12, "Job migrate"), ...becomesReady(30, "web-a")]);
  });
});

describe("what is still on its way is no failure", () => {
  it("a program that comes to the end of its startup probe's budget while another keeps it waiting", async () => {
    const api = [{ ...web, env: [{ name: "AUTH", value: "http://auth:3000" }], startupProbe: { ...probe, failureThreshold: 30 } }];
    const [auth, waits] = [deployment({ name: "auth" }), deployment({ name: "api", containers: api })];
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "auth", namespace: "prod" }, spec: { selector: { app: "auth" } } };
    const a = pod("api-a", { of: ["ReplicaSet", "api-1"], containers: api, statuses: [running(1, { started: false })] });
    const refused = "connect ECONNREFUSED 10.0.0.9:3000";
    await isReady(
      [auth, waits],
      [
        ...put(0, auth, waits, replicaSet({ of: "auth" }), replicaSet({ of: "api" }), pod("auth-a", { of: ["ReplicaSet", "auth-1"], phase: "Pending" }), a),
        ...put(2, event("miss", a, "Unhealthy", "Startup probe failed: connection refused", 2)),
        ...put(62, event("kill", a, "Killing", "Container web failed startup probe, will be restarted", 62, "Normal")),
        statusOf(64, "api-a", running(64, { started: false, restartCount: 1, containerID: "c1", lastState: ended(63, 137) })),
        ...becomesReady(90, "auth-a", "Deployment auth"),
        ...becomesReady(96, "api-a", "Deployment api"),
      ],
      { all: [auth, waits, service], logs: { "api-a/web": refused, "api-a/web/previous": refused } },
    );
  });

  const mounts = pod("valkey-0", { of: ["StatefulSet", "s"], phase: "Pending", labels: { "controller-revision-hash": "r1" }, volumes: [{ name: "tls", secret: { secretName: "valkey-tls" } }] });
  const store = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: meta("valkey", "s", 0), spec: { replicas: 1 }, status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, currentRevision: "r1", updateRevision: "r1" } };
  const tries = [1, 1.5, 2.5, 4.5, 8.5, 16.5, 32.5].map((at, index) => change(at, "Event mount", index === 0 ? event("mount", mounts, "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "valkey-tls" not found', at) : { count: index + 1, lastTimestamp: iso(at) }));
  const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name: "valkey", namespace: "prod" }, spec: { secretName: "valkey-tls" } };

  it("a volume's Secret that a Certificate makes, whether that is waited for as well or not", async () => {
    const steps = [...put(0, store), ...put(1, mounts), ...tries, ...becomesReady(66, "valkey-0", "StatefulSet valkey")];
    await isReady([store], steps, { all: [store, certificate] });
    const live = { ...certificate, metadata: meta("valkey", "c", 0), status: {} };
    await isReady([store, certificate], [...steps, ...put(0, live), change(40, "Certificate valkey", { status: { conditions: [{ type: "Ready", status: "True" }] } })]);
    expect((await play([store], steps.filter(({ at }) => at < 60))).result).toMatchObject({ outcome: "failed", failures: [{ cause: "config-missing" }] });
  });

  const external = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", metadata: { name: "web", namespace: "prod" }, spec: {} };
  const reads = pod("web-a", { phase: "Pending", containers: [{ ...web, envFrom: [{ secretRef: { name: "web" } }] }], statuses: [state({ started: false, state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "web" not found' } } })] });
  const before = put(0, deployment(), replicaSet(), reads);

  it("a Secret that an ExternalSecret makes", () => isReady([deployment()], [...before, ...becomesReady(20, "web-a")], { all: [deployment(), external] }));

  it("and if it does not come, the ExternalSecret is where to look", async () => {
    const { text, result } = await play([deployment()], before, { all: [deployment(), external] });
    expect(result.failures).toMatchObject([{ cause: "config-missing", commands: [expect.stringContaining("describe externalsecret web")] }]);
    expect(text).toContain("ExternalSecret prod/web makes it");
    expect(text).not.toContain("manifests/,");
    expect(result.seconds).toBeLessThan(30);
  });

  it("a readiness probe that asks every half minute, before its second try", async () => {
    const seldom = [{ ...web, readinessProbe: { ...probe, periodSeconds: 30 } }];
    const a = pod("web-a", { containers: seldom, statuses: [running(1)] });
    await isReady([deployment()], [...put(0, deployment(), replicaSet()), ...put(1, a), ...put(3, event("miss", a, "Unhealthy", "Readiness probe failed: connection refused", 3)), ...becomesReady(33, "web-a")]);
  });
});

describe("a name's challenge", () => {
  const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: meta("web", "c", 0), spec: { secretName: "web-tls", issuerRef: { name: "acme" } }, status: {} };
  const request = { apiVersion: "cert-manager.io/v1", kind: "CertificateRequest", metadata: meta("web-1", "r", 1, ownedBy("Certificate", "c")), spec: {} };
  const order = { apiVersion: "acme.cert-manager.io/v1", kind: "Order", metadata: meta("web-1", "o", 1, ownedBy("CertificateRequest", "r")), spec: {}, status: { state: "pending" } };
  const challenge = (name: string, reason: string) => ({ apiVersion: "acme.cert-manager.io/v1", kind: "Challenge", metadata: meta(name, name, 2, ownedBy("Order", "o")), spec: { dnsName: `${name}.example.com`, type: "HTTP-01" }, status: { state: "pending", presented: true, reason: `Waiting for HTTP-01 challenge propagation: ${reason}` } });
  const before = put(1, certificate, request, order);
  const wrong = "wrong status code '404', expected '200'";
  const issued = (at: number) => change(at, "Certificate web", { status: { conditions: [{ type: "Ready", status: "True" }] } });
  const valid = (at: number, name: string) => change(at, `Challenge ${name}`, { status: { state: "valid" } });

  it("may get a wrong answer twice, until the ingress controller has its path, and the CA time to look", async () => {
    // 3 s and 13 s: wrong; 23 to 31 s: right; 55 s: the CA has looked.
    await isReady([certificate], [...before, ...put(3, challenge("api", wrong), challenge("web", wrong)), valid(25, "api"), valid(55, "web"), issued(57)]);
  });

  it("is told without waiting for the other names when it can't be met", async () => {
    const { result, text } = await play([certificate], [...before, ...put(3, challenge("api", wrong), challenge("web", "lookup web.example.com: no such host")), valid(20, "api")]);
    expect(text).toContain("web.example.com has no DNS record");
    expect(result.seconds).toBeLessThan(30);
  });

  it.each([["a wrong answer", wrong, "answers 404"], ["no answer", "dial tcp 10.0.0.1:80: connect: connection refused", "nobody answers on port 80"]])("that stays without the right one is told, with %s, in a good minute", async (_, reason, says) => {
    const { result, text } = await play([certificate], [...before, ...put(3, challenge("web", reason))]);
    expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "certificate" }] });
    expect(text).toContain(says);
    expect(result.seconds).toBeLessThan(70);
  });
});

describe("what was broken before and was not changed", () => {
  const [unchanged, changed] = [deployment({ name: "a", at: -3000 }), deployment({ name: "b", readyReplicas: 1, availableReplicas: 1 })];
  const backOff = (text: string) => ({ waiting: { reason: "CrashLoopBackOff", message: `back-off ${text} restarting failed container` } });
  const steps = (status: Fields) => put(0, unchanged, changed, replicaSet({ of: "a", at: -3000 }), replicaSet({ of: "b" }), pod("a-a", { of: ["ReplicaSet", "a-1"], at: -2990, statuses: [status] }), pod("b-a", { of: ["ReplicaSet", "b-1"], ready: true, statuses: [running(0, { ready: true })] }));
  const logs = { "a-a/web": "boom", "a-a/web/previous": "boom" };

  it.each([
    ["as kubelets say it late", state({ restartCount: 12, state: backOff("5m0s"), lastState: ended(-10) })],
    ["as they say it at first", state({ restartCount: 12, state: ended(-10) })],
  ])("is told before its next try, when that is minutes away: %s", async (_, status) => {
    const { result } = await play([unchanged, changed], steps(status), { logs });
    expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "crash", object: { name: "a" } }] });
    expect(result.seconds).toBeLessThan(30);
  });

  const next = statusOf(8, "a-a", running(8, { restartCount: 3, containerID: "c9", lastState: ended(-10) }));
  it("gets the next try, when that is near", () => isReady([unchanged, changed], [...steps(state({ restartCount: 2, state: backOff("20s"), lastState: ended(-10) })), next, ...becomesReady(40, "a-a", "Deployment a")], { logs }));
  it("and no more than that", async () => {
    const { result } = await play([unchanged, changed], [...steps(state({ restartCount: 2, state: ended(-10) })), next, statusOf(40, "a-a", state({ restartCount: 3, state: ended(40) }))], { logs });
    expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "crash" }] });
    expect(result.seconds).toBeLessThan(45);
  });
});

describe("what goes while it is waited for", () => {
  const bare = { apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "prod" }, spec: { nodeName: "node", containers: [web] } };
  const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: meta("web", "c", 0), spec: { issuerRef: { name: "ca" } } };
  it.each([
    ["a bare Pod", bare, pod("bare", { phase: "Pending" })],
    ["a Certificate", certificate, certificate],
  ])("%s is a failure at once", async (_, object, live) => {
    const { result } = await play([object], [...put(0, live), gone(5, `${object.kind} ${object.metadata.name}`)]);
    expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "deleted" }] });
    expect(result.seconds).toBeLessThan(15);
  });
});

it("a startup probe that had the container killed is quoted, in the event as well, not the next start that does not listen yet", async () => {
  const containers = [{ ...web, startupProbe: { ...probe, httpGet: { port: 3000, path: "/livez" }, failureThreshold: 3 } }];
  const a = pod("web-a", { containers, statuses: [running(1, { started: false })] });
  const [missing, kill, refusal] = [event("404", a, "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 404", 2), event("kill", a, "Killing", "Container web failed startup probe, will be restarted", 6, "Normal"), event("refused", a, "Unhealthy", "Startup probe failed: dial tcp 10.0.0.1:3000: connect: connection refused", 7)];
  const restarted = statusOf(7, "web-a", running(7, { started: false, restartCount: 1, containerID: "c1", lastState: ended(7, 143) }));
  const { text } = await play([deployment({ containers })], [...put(0, deployment({ containers }), replicaSet()), ...put(1, a), ...put(2, missing), change(6, "Event 404", { count: 3, lastTimestamp: iso(6) }), ...put(6, kill), restarted, ...put(7, refusal)]);
  expect(text).toContain("the program answers, but has no /livez");
  expect(text).toMatch(/event +Unhealthy ×3 \(Pod web-a\): the same/);
});

it("ids in a log are no progress: a program that answers 503 for ever and logs each request is told", async () => {
  const a = pod("web-a", { statuses: [running(1)] });
  const id = (index: number) => [1, 3, 7].map((factor) => (((index + 1) * factor * 40_503) % 65_536).toString(16).padStart(4, "0")).join("-");
  const lines = Array.from({ length: 60 }, (_, index) => `@${2 + index * 2} {"id":"0b017018-${id(index)}-6f203ad696c0","status":503}`);
  const { result } = await play([deployment()], [...put(0, deployment(), replicaSet()), ...put(1, a), ...put(2, event("miss", a, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 2))], { logs: { "web-a/web": lines.join("\n") } });
  expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "readiness-probe" }] });
  expect(result.seconds).toBeLessThan(30);
});

it("what a Job's tries write is shown while it goes on, and the last one's lines are in the report", async () => {
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: meta("migrate", "j", 0), spec: { template: { spec: {} } }, status: { active: 1 } };
  const tries = [1, 12, 33].map((at, index) => ({ at, name: `migrate-${index}`, line: `relation ${["users", "orders", "bills"][index]} is missing` }));
  const failed = tries.flatMap(({ at, name }) => put(at, pod(name, { of: ["Job", "j"], at, phase: "Failed", statuses: [state({ state: ended(at) })] })));
  const over = change(40, "Job migrate", { status: { conditions: [{ type: "FailureTarget", status: "True", reason: "BackoffLimitExceeded", message: "limit" }] } });
  const { said, result } = await play([job], [...put(0, job), ...failed, over], { logs: Object.fromEntries(tries.map(({ name, line }) => [`${name}/web`, line])) });
  expect(said.filter(({ type }) => type === "log").map(({ text }) => text)).toEqual(tries.map(({ line }) => line));
  expect(result.failures).toMatchObject([{ cause: "job-failed", log: ["relation bills is missing"] }]);
});

describe("values of a Secret that an ExternalSecret makes", () => {
  const external = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", metadata: { name: "backend", namespace: "prod" }, spec: { target: { name: "web" } } };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "web", namespace: "prod" }, data: { PASSWORD: Buffer.from("canary-3f9c7a51").toString("base64") } };
  const crash = state({ restartCount: 3, state: ended(9) });
  const sequence = [...put(0, deployment(), replicaSet()), ...put(4, secret), ...put(9, pod("web-a", { statuses: [crash] }))];
  const options = { all: [deployment(), external], logs: { "web-a/web": "logging in with canary-3f9c7a51" } };

  it("are not shown, although it was made only after the wait began", async () => {
    const { text, said, result } = await play([deployment()], sequence, options);
    expect(result).toMatchObject({ failures: [{ log: ["logging in with <Secret web: PASSWORD>"] }], hidden: [] });
    expect(`${text} ${JSON.stringify(said)}`).not.toContain("canary");
  });

  it("are named as hidden, when they may not be read", async () => {
    const but = () => ({ get: async () => Promise.reject(new ApiError(403, "Forbidden", "secrets is forbidden")) });
    expect((await play([deployment()], sequence, { ...options, but })).result.hidden).toEqual(["Secret"]);
  });
});
