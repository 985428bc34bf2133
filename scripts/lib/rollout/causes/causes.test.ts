import { describe, expect, it } from "vitest";
import type { Before } from "../before.ts";
import type { Container, ContainerStatus, Event, Live, Pod } from "../facts.ts";
import { createFacts } from "../facts.ts";
import { certificateSuspicion } from "./certificate.ts";
import { missingReference } from "./configuration.ts";
import { ends, exitMeaning, exitSuspicion, mayMissAnother } from "./exit.ts";
import { imageSuspicion, registryOf } from "./image.ts";
import { probeSuspicion } from "./probe.ts";
import { refusalSuspicion } from "./refusal.ts";
import { scheduleSuspicion } from "./schedule.ts";

const object: Live = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "prod", uid: "1" }, spec: {}, status: {} };
const container: Container = { name: "web", image: "registry.example.com/web:1" };
const pod = (status: Partial<ContainerStatus> = {}, more: object = {}): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", namespace: "prod", uid: "p" }, spec: { containers: [container], nodeName: "node", ...more }, status: { phase: "Running", containerStatuses: [state(status)] } });
const state = (status: Partial<ContainerStatus> = {}): ContainerStatus => ({ name: "web", ready: false, restartCount: 0, ...status });
const never: Before = { ends: 0, kills: 0, looped: false };
const event = (reason: string, message: string, more: object = {}): Event => ({ apiVersion: "v1", kind: "Event", metadata: { name: "e", namespace: "prod" }, type: "Warning", reason, message, involvedObject: { kind: "Pod", name: "web-1", uid: "p" }, ...more }) as Event;

describe("an image that can't be had is told apart by what runtimes and registries say", () => {
  const cause = (message: string, reason = "ErrImagePull") => imageSuspicion(object, pod(), state({ state: { waiting: { reason, message } } }), container.image!, [])?.cause;
  it.each([
    ["image-not-found", 'failed to resolve reference "registry.example.com/web:1": registry.example.com/web:1: not found'],
    ["image-not-found", "manifest for registry.example.com/web:1 not found: manifest unknown: manifest unknown"],
    ["image-denied", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://registry.example.com/token: 401 Unauthorized"],
    ["image-denied", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"],
    ["image-denied", "failed to resolve reference: unexpected status from HEAD request to https://registry.example.com/v2/web/manifests/1: 403 Forbidden"],
    ["image-platform", "no match for platform in manifest: not found"],
    ["image-platform", "image operating system mismatch: no matching manifest for linux/arm64/v8 in the manifest list entries"],
    ["image-network", "dial tcp: lookup registry.example.com on 10.0.0.1:53: no such host"],
    ["image-network", "dial tcp 10.0.0.1:443: i/o timeout"],
    ["image-network", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
    ["image-network", "http: server gave HTTP response to HTTPS client"],
    ["image-network", "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit"],
    ["image-network", "unexpected status from HEAD request: 503 Service Unavailable"],
    ["image-network", "write /var/lib/containerd/tmp: no space left on device"],
  ])("%s: %s", (wanted, message) => expect(cause(message)).toBe(wanted));

  it("an image's own name is no answer", () => expect(imageSuspicion(object, pod(), state({ state: { waiting: { reason: "ErrImagePull", message: 'failed to resolve reference "denied.example.com/unauthorized-403:1": denied.example.com/unauthorized-403:1: not found' } } }), "denied.example.com/unauthorized-403:1", [])?.cause).toBe("image-not-found"));
  it("a back-off without a reason is explained by the event of the try", () => {
    const told = event("Failed", 'Failed to pull image "registry.example.com/web:1": registry.example.com/web:1: not found');
    expect(imageSuspicion(object, pod(), state({ state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "registry.example.com/web:1"' } } }), container.image!, [told])?.cause).toBe("image-not-found");
  });
  it.each([["web:1", "docker.io"], ["team/web:1", "docker.io"], ["localhost/web", "localhost"], ["registry:5000/web", "registry:5000"], ["ghcr.io/team/web@sha256:0", "ghcr.io"]])("%s is pulled from %s", (image, registry) => expect(registryOf(image)).toBe(registry));
});

describe("exit codes are put into words", () => {
  it.each([
    [{ exitCode: 137, reason: "OOMKilled" }, /more memory than its limit/],
    [{ exitCode: 137 }, /SIGKILL/],
    [{ exitCode: 139 }, /SIGSEGV/],
    [{ exitCode: 143 }, /SIGTERM/],
    [{ exitCode: 126 }, /could not run/],
    [{ exitCode: 127 }, /not found/],
    [{ exitCode: 0 }, /without an error/],
    [{ exitCode: 1 }, /own error/],
    [{ exitCode: 255 }, /own error/],
  ])("%o", (end, words) => expect(exitMeaning(end)).toMatch(words));
});

describe("a program that ends", () => {
  const crashed = (restartCount: number, more: Partial<ContainerStatus> = {}) => state({ restartCount, state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } }, lastState: { terminated: { exitCode: 1, reason: "Error" } }, ...more });
  const look = (status: ContainerStatus, lines: string[] = [], more: Partial<Before> = {}, events: Event[] = []) => exitSuspicion(object, pod(), container, status, { before: { ...never, ...more }, events, lines });

  it("counts its ends, the present one too, until it runs again", () => {
    const [over, again] = [{ terminated: { exitCode: 1 } }, { running: {} }];
    expect([state({ restartCount: 2, state: over }), crashed(2), crashed(3, { state: again }), state({ state: again })].map(ends)).toEqual([3, 3, 3, 0]);
  });
  it("is final with the third end, not with the first", () => expect([look(crashed(0, { state: { terminated: { exitCode: 1 } } })), look(crashed(2))].map((found) => found?.finalAfter)).toEqual([Infinity, 0]));
  it("that had ended before this rollout gets its next try", () => expect(look(crashed(2), [], { ends: 3, looped: true })?.finalAfter).toBe(Infinity));
  it("of a Job is for the Job to judge", () => expect(exitSuspicion({ ...object, kind: "Job" }, pod(), container, crashed(7), { before: never, events: [], lines: [] })?.finalAfter).toBe(Infinity));
  it("and is ready again by its own probe is not suspected", () => expect(exitSuspicion(object, pod(), { ...container, readinessProbe: { httpGet: { port: 1 } } }, state({ ready: true, restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } }), { before: never, events: [], lines: [] })).toBeUndefined());
  it("because a probe had it killed is told by the probe", () => expect(look(crashed(3, { lastState: { terminated: { exitCode: 137, reason: "Error" } } }), [], {}, [event("Killing", "Container web failed liveness probe, will be restarted")])).toBeUndefined());
  it.each([
    ["Error: VALKEY_URL is not set", "VALKEY_URL"],
    ["ZodError: Required: DATABASE_URL", "DATABASE_URL"],
    ["Missing required environment variable: VALKEY_URL", "VALKEY_URL"],
    ["ERROR: environment variable PORT is not set", "PORT"],
    ["Error: Cannot find module 'hono'", "hono"],
    ["Error: EROFS: read-only file system, open '/app/cache'", "writes where it may not"],
    ["Error: listen EADDRINUSE: address already in use :::3000", "same port"],
    ["Error: getaddrinfo ENOTFOUND valkey", "can't reach valkey"],
    ["Error: connect ECONNREFUSED 10.0.0.1:6379", "can't reach 10.0.0.1:6379"],
    ["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "heap"],
  ])("is explained by its last lines: %s", (line, words) => expect(look(crashed(3), ["starting", line])?.likely).toContain(words));
  it.each(["ERROR: invalid configuration file /etc/app.yaml", "FATAL: missing role", "Error: JSON is invalid", "error: TLS required", "ERROR env is missing", "missing column user_id"])("wants no variable by: %s", (line) => expect(look(crashed(3), [line])?.likely).not.toContain("variable"));
  it("may miss another when it says so, or nothing", () => expect([["connect ECONNREFUSED"], ["getaddrinfo EAI_AGAIN db"], [], ["SyntaxError"]].map(mayMissAnother)).toEqual([true, true, true, false]));
});

describe("a probe that fails", () => {
  const probed: Container = { ...container, readinessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 2 }, startupProbe: { httpGet: { path: "/livez", port: "http" } }, ports: [{ name: "http", containerPort: 3000 }] };
  const look = (status: Partial<ContainerStatus>, message: string, lines: string[] = [], progress = 0) => probeSuspicion(object, pod(), probed, state({ state: { running: {} }, started: true, ...status }), { events: [event("Unhealthy", message)], lines, progress, before: never });
  const refused = "Readiness probe failed: dial tcp 10.0.0.1:3000: connect: connection refused";

  it("has time while the startup probe's budget runs", () => expect(look({ started: false }, "Startup probe failed: connection refused")?.finalAfter).toBe(Infinity));
  it("begins anew with every new line of its log and with another answer, not with another address", () => {
    const states = [look({}, refused, [], 1), look({}, refused, [], 2), look({}, "Readiness probe failed: HTTP probe failed with statuscode: 503", [], 2), look({}, refused.replace("10.0.0.1", "10.0.0.2"), [], 2)].map((found) => found?.state);
    expect(new Set(states.slice(0, 3)).size).toBe(3);
    expect(states[3]).toBe(states[1]);
  });
  it("is sooner certain where the program answers that there is no such page", () => expect(look({}, "Readiness probe failed: HTTP probe failed with statuscode: 404")!.finalAfter).toBeLessThan(look({}, refused)!.finalAfter));
  it("names both ports, the asked one by its number", () => expect(look({}, refused, ["Server listening on http://0.0.0.0:8080"])?.likely).toMatch(/port 3000.*8080/));
  it.each([
    ["Server listening on http://0.0.0.0:8080", "8080"],
    ["listening on 3001", "3001"],
    ["Listening on :8080", "8080"],
    ["listening at http://[::]:4000", "4000"],
    ["nginx started, port: 8081", "8081"],
    ["▲ Next.js ready on http://localhost:3001/", "3001"],
  ])("reads the port from: %s", (line, port) => expect(look({}, refused, [line])?.likely).toContain(`listens on ${port}`));
  it.each([
    "running migration 12 of 45",
    "VITE v6 ready in 350 ms",
    "Started Application in 12.345 seconds",
    "server running on node 20",
    "started at 10:15:30",
    "not ready: connect ECONNREFUSED 127.0.0.1:6379",
    "started, connecting to localhost:5432",
    "cache 127.0.0.1:6379",
  ])("takes no port from: %s", (line) => expect(look({}, refused, [line])?.likely).toMatch(/another port or on 127/));
  it("that had the container killed once is no matter any more when it is ready again, but is while it is still being ended", () => {
    const kill = [event("Killing", "Container web failed liveness probe, will be restarted", { type: "Normal" })];
    const after = (status: Partial<ContainerStatus>) => probeSuspicion(object, pod(), { ...probed, livenessProbe: {} }, state({ state: { running: {} }, started: true, ready: true, ...status }), { events: kill, lines: [], progress: 0, before: never })?.finalAfter;
    const restarted = { restartCount: 1, lastState: { terminated: { exitCode: 137 } } };
    expect([after({}), after({ ...restarted, ready: false }), after(restarted)]).toEqual([25, 25, Infinity]);
  });
  it("at the start had it killed is over when the next start has passed: then it is the readiness probe's turn", () => {
    const events = [event("Killing", "Container web failed startup probe, will be restarted"), event("Unhealthy", refused)];
    const status = state({ state: { running: {} }, restartCount: 1, lastState: { terminated: { exitCode: 137 } } });
    const cause = (started: boolean) => probeSuspicion(object, pod(), probed, { ...status, started }, { events, lines: [], progress: 0, before: never })?.cause;
    expect([cause(false), cause(true)]).toEqual(["startup-probe", "readiness-probe"]);
  });
  it("had it killed by what it saw all the time, not by the refusal of the next start, which does not listen yet", () => {
    const answers = [event("Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 404", { count: 12, lastTimestamp: "2026-01-01T12:00:12Z" }), event("Unhealthy", refused.replace("Readiness", "Startup"), { count: 2, lastTimestamp: "2026-01-01T12:00:13Z" })];
    const status = state({ state: { running: {} }, started: false, restartCount: 1, lastState: { terminated: { exitCode: 137 } } });
    const found = probeSuspicion(object, pod(), probed, status, { events: [event("Killing", "Container web failed startup probe, will be restarted"), ...answers], lines: ["listening on 3000"], progress: 0, before: never });
    expect([found?.message, found?.likely]).toEqual([expect.stringContaining("404; the kubelet killed the container"), "the program answers, but has no /livez"]);
  });
  it("is nothing once the container is ready", () => expect(look({ ready: true }, refused)).toBeUndefined());
});

describe("a pod that no node takes", () => {
  const unscheduled = (message: string, more: object = {}) => ({ ...pod({}, { nodeName: undefined, ...more }), status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" as const, reason: "Unschedulable", message }] } });
  it.each([
    ["0/3 nodes are available: 3 Insufficient memory.", /room.*memory/],
    ["0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.", /dedicated: gpu/],
    ["0/3 nodes are available: 3 node(s) had untolerated taint(s).", /taint/],
    ["0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.", /apart/],
    ["0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.", /apart/],
    ["0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.", /hostPort/],
    ["0/3 nodes are available: 3 node(s) had volume node affinity conflict.", /volume/],
    ['0/1 nodes are available: persistentvolumeclaim "data" not found.', /no PersistentVolumeClaim data/],
  ])("%s", (message, words) => expect(scheduleSuspicion(object, unscheduled(message), createFacts())?.likely).toMatch(words));
  it("gets the minutes that a new machine takes, when an autoscaler says that one is coming", () => {
    const facts = createFacts();
    const stuck = unscheduled("0/3 nodes are available: 3 Insufficient cpu.");
    const before = scheduleSuspicion(object, stuck, facts)!.finalAfter;
    facts.put(event("TriggeredScaleUp", "pod triggered scale-up", { type: "Normal" }));
    expect(scheduleSuspicion(object, stuck, facts)!.finalAfter).toBeGreaterThan(before * 10);
  });
});

describe("a refusal", () => {
  const stateful: Live = { ...object, kind: "StatefulSet", metadata: { ...object.metadata, managedFields: [{ time: "2026-01-01T10:00:00Z" }, { time: "2026-01-01T12:00:00Z", subresource: "status" }] }, spec: { replicas: 2 }, status: { replicas: 1 } };
  const look = (message: string, at: string, others: Event[] = []) => {
    const facts = createFacts();
    const refused = (name: string, reason: string, text: string, time: string) => facts.put(event(reason, text, { metadata: { name, namespace: "prod" }, lastTimestamp: time, involvedObject: { kind: "StatefulSet", name: "web", uid: "1" } }));
    refused("a", "FailedCreate", message, at);
    for (const one of others) facts.put({ ...one, involvedObject: { kind: "StatefulSet", name: "web", uid: "1" } } as Event);
    return refusalSuspicion(stateful, facts);
  };
  it.each([
    ["quota", 'pods "web-0" is forbidden: failed quota: small: must specify limits.memory for: web', /wants every container to say limits\.memory/],
    ["refused", 'pods "web-0" is forbidden: error looking up service account prod/web: serviceaccount "web" not found', /no ServiceAccount web/],
    ["refused", 'pods "web-0" is forbidden: no PriorityClass with name high was found', /no PriorityClass high/],
    ["admission-denied", "pods \"web-0\" is forbidden: ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: team label", /labels refuses the pod: team label/],
    ["refused", 'Pod "web-0" is invalid: spec.containers[0].name: Required value', /not valid: spec\.containers/],
  ])("%s: %s", (cause, message, words) => {
    const found = look(`create Pod web-0 in StatefulSet web failed error: ${message}`, "2026-01-01T11:00:00Z");
    expect(found?.cause).toBe(cause);
    expect(found?.likely).toMatch(words);
  });
  it("of an earlier deploy is over: its event is older than the object's last change", () => expect(look("exceeded quota", "2026-01-01T09:00:00Z")).toBeUndefined());
  it("is over when a pod was made since", () => expect(look("x", "2026-01-01T11:00:00Z", [event("SuccessfulCreate", "made", { lastTimestamp: "2026-01-01T11:30:00Z" })])).toBeUndefined());
});

describe("a certificate", () => {
  const certificate: Live = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name: "web", namespace: "prod", uid: "c", managedFields: [{ time: "2026-01-01T12:00:00Z" }] }, spec: { issuerRef: { name: "ca" } } };
  const owned = (kind: string, of: string, at: string, status: object): Live => ({ apiVersion: "cert-manager.io/v1", kind, metadata: { name: kind, namespace: "prod", uid: kind, creationTimestamp: at, ownerReferences: [{ uid: of, kind: "x", name: "x" }] }, spec: { dnsName: "web.example.com", type: "HTTP-01" }, status });
  const refused = (reason: string) => ({ conditions: [{ type: "Ready", status: "False", reason }] });
  it.each([
    ["whose order is invalid", {}, { state: "invalid" }, {}],
    ["whose challenge is invalid", {}, {}, { state: "invalid", reason: "404" }],
    ["whose request is denied", refused("Denied"), {}, {}],
    ["whose request has failed", refused("Failed"), {}, {}],
  ])("%s is final at once, unless it was changed since", (_, request, order, challenge) => {
    const finalAfter = (at: string) => {
      const facts = createFacts();
      for (const one of [owned("CertificateRequest", "c", at, request), owned("Order", "CertificateRequest", at, order), owned("Challenge", "Order", at, challenge)]) facts.put(one);
      return certificateSuspicion(certificate, facts)?.finalAfter;
    };
    expect(finalAfter("2026-01-01T12:00:01Z")).toBe(0);
    expect(finalAfter("2026-01-01T11:00:00Z")).toBeGreaterThan(2);
  });
});

describe("what the kubelet misses is read from its words", () => {
  it.each([
    ['configmap "env" not found', { kind: "ConfigMap", name: "env" }],
    ['secret "env" not found', { kind: "Secret", name: "env" }],
    ["couldn't find key A in ConfigMap prod/env", { kind: "ConfigMap", name: "env", key: "A" }],
    ['MountVolume.SetUp failed for volume "keys" : references non-existent secret key: tls.key', { kind: "Secret", name: "", key: "tls.key" }],
  ])("%s", (message, wanted) => expect(missingReference(message)).toEqual(wanted));
});
