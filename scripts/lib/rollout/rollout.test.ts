import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { recordedCluster, recording, type Recording } from "./recorded-cluster.ts";
import { replay } from "./replay.ts";
import { waitForRollout, type RolloutOptions } from "./rollout.ts";

// What real clusters reported, played back in an instant: time stands still but for what the test lets pass.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const whole = (name: string, options?: RolloutOptions) => replay(recording(name), options);

/** The recording up to a second; then the world stands still. */
const until = (recorded: Recording, second: number): Recording => ({ ...recorded, steps: recorded.steps.filter(({ at }) => at < second) });

/** When the cluster first said something. */
const knownAt = (recorded: Recording, words: RegExp) => recorded.steps.find(({ set }) => words.test(JSON.stringify(set)))!.at;

describe("a failure is noticed by its cause, soon after Kubernetes knows", () => {
  it.each([
    { name: "image-missing", cause: "image-not-found", knows: /ErrImagePull/, seconds: 5 },
    { name: "image-network", cause: "image-network", knows: /ErrImagePull/, seconds: 25 },
    { name: "image-name", cause: "image-name", knows: /InvalidImageName/, seconds: 5 },
    { name: "crash", cause: "crash", knows: /"restartCount":1/, seconds: 25 },
    { name: "crash-init", cause: "crash", knows: /"restartCount":1/, seconds: 25 },
    { name: "out-of-memory", cause: "out-of-memory", knows: /OOMKilled/, seconds: 20 },
    { name: "command-missing", cause: "command-not-found", knows: /RunContainerError/, seconds: 5 },
    { name: "configmap-missing", cause: "config-missing", knows: /CreateContainerConfigError/, seconds: 15 },
    { name: "secret-key-missing", cause: "config-key-missing", knows: /CreateContainerConfigError/, seconds: 15 },
    { name: "volume-secret-missing", cause: "config-missing", knows: /FailedMount/, seconds: 25 },
    { name: "user-not-numeric", cause: "user-not-numeric", knows: /CreateContainerConfigError/, seconds: 5 },
    { name: "no-room", cause: "unschedulable", knows: /Unschedulable/, seconds: 16 },
    { name: "no-such-node", cause: "unschedulable", knows: /Unschedulable/, seconds: 16 },
    { name: "no-volume", cause: "volume-unbound", knows: /ProvisioningFailed/, seconds: 16 },
    { name: "readiness-path", cause: "readiness-probe", knows: /Readiness probe failed/, seconds: 20 },
    { name: "readiness-port", cause: "readiness-probe", knows: /Readiness probe failed/, seconds: 25 },
    { name: "startup", cause: "startup-probe", knows: /Startup probe failed/, seconds: 20 },
    { name: "liveness", cause: "liveness-probe", knows: /failed liveness probe/, seconds: 20 },
    { name: "quota", cause: "quota", knows: /exceeded quota/, seconds: 15 },
    { name: "limit-range", cause: "limit-range", knows: /FailedCreate/, seconds: 5 },
    { name: "pod-security", cause: "pod-security", knows: /FailedCreate/, seconds: 5 },
    { name: "webhook-denies", cause: "admission-denied", knows: /denied the request/, seconds: 5 },
    { name: "webhook-down", cause: "webhook-unavailable", knows: /failed calling webhook/, seconds: 27 },
    { name: "job", cause: "job-failed", knows: /FailureTarget/, seconds: 5 },
    { name: "issuer-missing", cause: "issuer", knows: /Referenced/, seconds: 15 },
    { name: "challenge", cause: "certificate", knows: /no such host/, seconds: 30 },
    { name: "stuck-statefulset", cause: "stuck-statefulset", knows: /InvalidImageName/, seconds: 15 },
  ])("$name", async ({ name, cause, knows, seconds }) => {
    const { result } = await whole(name);
    expect(result.outcome).toBe("failed");
    expect(result.failures.map((failure) => failure.cause)).toEqual([cause]);
    // Seconds of the recording: nothing here depends on how fast this machine is.
    expect(result.seconds - knownAt(recording(name), knows)).toBeLessThan(seconds);
  });
});

describe("the block says everything that one would look for", () => {
  it("an image that is not there: place in TypeScript, image, event, and that the old version serves", async () => {
    const { text, result } = await whole("image-missing");
    expect(text).toMatch(/^✗ Deployment image-missing\/web {3}manifests\/services\/web.ts:7$/m);
    expect(text).toMatch(/image 127\.0\.0\.1:5099\/missing\/web:2/);
    expect(text).toMatch(/cause +127\.0\.0\.1:5099 has no missing\/web:2/);
    expect(text).toMatch(/manifests\/services\/web.ts:7 +spec\.template\.spec\.containers\[web\]\.image/);
    expect(text).toMatch(/meanwhile +the old version keeps serving: 2 of 2 pods ready/);
    expect(result.failures[0]!.event).toMatchObject({ reason: "Failed", message: expect.stringContaining("Failed to pull image") });
  });

  it("a crash: exit code, what the program said last, all pods in one block, the variable that it wants", async () => {
    const { result, text } = await whole("crash");
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]).toMatchObject({ container: "web", exitCode: 3, restarts: 2, wantedPods: 2, log: expect.arrayContaining(["Error: VALKEY_URL is not set"]), likely: expect.stringContaining("VALKEY_URL") });
    expect(result.failures[0]!.pods).toHaveLength(2);
    expect(text).toContain("kubectl --context recorded -n crash logs");
  });

  it("memory: the limit that was too small", async () => {
    const { result } = await whole("out-of-memory");
    expect(result.failures[0]).toMatchObject({ exitCode: 137, reason: "OOMKilled", likely: expect.stringContaining("64Mi"), field: "spec.template.spec.containers[web].resources.limits.memory" });
  });

  it("names that are nearly right: a ConfigMap's, a Secret's key", async () => {
    expect((await whole("configmap-missing")).text).toContain("did you mean web-env?");
    expect((await whole("secret-key-missing")).text).toContain("did you mean VALKEY_URL?");
  });

  it("a probe on the wrong port: both ports", async () => {
    expect((await whole("readiness-port")).text).toMatch(/nothing listens on port 3000: the program says that it listens on 3001/);
  });

  it("Pod Security: what to set, from the ReplicaSet's condition", async () => {
    expect((await whole("pod-security")).text).toMatch(/fix +set securityContext\.allowPrivilegeEscalation=false;.*seccompProfile/);
  });

  it("a refusal that two workloads suffer from: one block that names both", async () => {
    const { result } = await whole("webhook-denies");
    expect(result.failures).toHaveLength(1);
    expect([result.failures[0]!.object.kind, ...result.failures[0]!.alsoObjects.map(({ kind }) => kind)]).toEqual(["Deployment", "Job"]);
  });

  it("a Job: the exit code and last lines of its pod", async () => {
    expect((await whole("job")).result.failures[0]).toMatchObject({ exitCode: 1, log: ["relation users does not exist"] });
  });

  it("a challenge: the name without a DNS record, not the challenge's token", async () => {
    const { text, said } = await whole("challenge");
    expect(text).toContain("web.example.com has no DNS record");
    expect(`${text} ${JSON.stringify(said)}`).not.toMatch(/acme-challenge\/[\w-]{20}/);
  });

  it("what is talked to comes first, and who waits for it is named there", async () => {
    const { result, text } = await whole("dependency");
    expect(result.failures.map(({ object }) => object.name)).toEqual(["valkey"]);
    expect(text).toMatch(/waiting +Deployment dependency\/backend needs it/);
    expect(result.failures[0]!.log.join(" ")).toContain("argument must be a memory value");
  });
});

describe("what is not a failure", () => {
  it("a slow start that writes what it does, although its probe fails for half a minute", async () => {
    expect((await whole("slow-start")).result).toMatchObject({ outcome: "ready", failures: [] });
  });

  it("crashes of a program whose database is still starting", async () => {
    expect((await whole("waits-for-dependency")).result).toMatchObject({ outcome: "ready", failures: [] });
  });

  it("a registry that did not answer once, until it stays so", async () => {
    const recorded = recording("image-network");
    const known = knownAt(recorded, /ErrImagePull/);
    expect((await replay(recorded, { deadline: known + 12 })).result.outcome).toBe("timed-out");
    expect((await replay(recorded)).result.outcome).toBe("failed");
  });

  it("one crash: the second try may do", async () => {
    const recorded = recording("crash");
    const second = knownAt(recorded, /"restartCount":1/);
    expect((await replay(until(recorded, second), { deadline: 60 })).result.outcome).toBe("timed-out");
  });
});

describe("when time runs out", () => {
  it("of the Deployment itself, its pods' reason is told, not only that it is over", async () => {
    const recorded = recording("image-network");
    const at = knownAt(recorded, /ErrImagePull/) + 4;
    const over = { at, object: "Deployment web", set: { status: { conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "has timed out progressing" }] } } };
    const { result } = await replay({ ...recorded, steps: [...recorded.steps.filter((step) => step.at < at || !step.object.startsWith("Deployment")), over].sort((a, b) => a.at - b.at) });
    expect(result).toMatchObject({ outcome: "failed", failures: [{ cause: "image-network", final: true }] });
    expect(result.seconds).toBeLessThan(at + 5);
  });

  it("and nothing is wrong, it says what each object still waits for", async () => {
    const recorded = recording("slow-start");
    const { result } = await replay(until(recorded, knownAt(recorded, /Readiness probe failed/)), { deadline: 15 });
    expect(result).toMatchObject({ outcome: "timed-out", failures: [], unfinished: [{ message: expect.stringContaining("0 of 1 pods ready") }] });
  });

  it("says what was suspected and that it is not certain", async () => {
    const recorded = recording("image-network");
    const { text, result } = await replay(recorded, { deadline: knownAt(recorded, /ErrImagePull/) + 5 });
    expect(text).toContain("not certain");
    expect(result.failures[0]).toMatchObject({ final: false, cause: "image-network" });
    expect(result.unfinished).toEqual([{ object: expect.objectContaining({ name: "web" }), message: expect.stringContaining("ErrImagePull") }]);
  });
});

describe("while it waits", () => {
  it("tells each state, warning and log line of a failing pod once", async () => {
    const { said } = await whole("crash");
    const lines = said.map(({ type, text }) => `${type} ${text}`).filter((line) => !line.startsWith("waiting"));
    expect(new Set(lines).size).toBe(lines.length);
    expect(said.filter(({ type }) => type === "log").map(({ text }) => text)).toContain("Error: VALKEY_URL is not set");
    expect(said.some(({ type, text }) => type === "waiting" && /0 of 2 pods ready; .*waits 10s before the next try/.test(text))).toBe(true);
  });

  it("keeps quiet about the log of a program that has missed one probe", async () => {
    const recorded = recording("slow-start");
    const first = knownAt(recorded, /Readiness probe failed/);
    expect((await replay(until(recorded, first + 0.5), { deadline: first + 4 })).said.filter(({ type }) => type === "log")).toEqual([]);
  });

  it("shows no value of a Secret: not in logs, not in the report", async () => {
    const { text, said, result } = await whole("crash");
    const everything = `${text} ${JSON.stringify(said)} ${JSON.stringify(result)}`;
    expect(everything).toContain("starting with <Secret web: PASSWORD>");
    expect(everything).not.toContain("canary");
    expect(everything).not.toContain(Buffer.from("canary-3f9c7a51").toString("base64"));
  });
});

it("a container without a probe that ran long before is not watched again: a deploy without changes is quick", async () => {
  const recorded = recording("crash-init"); // its objects, with a pod that runs well
  const long = { at: 0, set: { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [{ name: "web", ready: true, started: true, restartCount: 0, containerID: "c1", state: { running: { startedAt: "2020-01-01T00:00:00Z" } } }], initContainerStatuses: [] } } };
  const pod = recorded.steps.find(({ object }) => object.startsWith("Pod "))!;
  const unprobed = { ...pod.set!, spec: { containers: [{ name: "web", image: "web" }], nodeName: "node" } };
  const well = { set: { status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } } };
  const steps = recorded.steps.filter(({ at, object }) => at === 0 && !object.startsWith("Pod ")).concat([{ ...pod, at: 0, set: unprobed }, { ...long, object: pod.object }, { ...well, at: 0, object: "Deployment web" }]);
  const { result } = await replay({ ...recorded, steps });
  expect(result).toMatchObject({ outcome: "ready" });
  expect(result.seconds).toBeLessThan(1);
});

it("ends at once when it is interrupted", async () => {
  const recorded = recording("slow-start");
  const controller = new AbortController();
  const waiting = waitForRollout(recordedCluster(recorded), recorded.objects, { signal: controller.signal, onProgress: () => {} });
  const ended = expect(waiting).rejects.toThrow("Ctrl-C");
  await vi.advanceTimersByTimeAsync(3000);
  controller.abort(new Error("Ctrl-C"));
  await ended;
});
