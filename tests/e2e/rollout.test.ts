import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installAddon } from "../../scripts/lib/setup/addon-install.ts";
import { fetchAddons } from "../../scripts/lib/setup/addons.ts";
import { ensureAuthority, issueCertificate } from "../../scripts/lib/ca.ts";
import { connect, type Cluster } from "../../scripts/lib/cluster.ts";
import type { KubernetesObject } from "../../scripts/lib/render.ts";
import { describeFailure, waitForRollout, type Failure, type Progress, type RolloutResult } from "../../scripts/lib/rollout/rollout.ts";
import { $ } from "../../scripts/lib/shell.ts";
import { lacks } from "./docker.ts";
import { installPebble, type Kubectl } from "./pebble.ts";
import { canary, scenarios, type Scenario } from "./rollout-scenarios.ts";
import { servers, webhooks } from "./rollout-servers.ts";
import { makeCluster, type TrialCluster } from "./trial.ts";

const missing = lacks("kind", "kubectl", "openssl");
const context = "starter-rollout";

interface Outcome {
  result: RolloutResult;
  said: Progress[];
  text: string;
  /** From the first word of the cluster about the cause to our report. */
  seconds: number;
  /** What the client counted, where old pods serve. */
  client: string | undefined;
}

// Every scenario rolls out for real, all side by side; each test looks at the outcome of one.
describe.skipIf(missing.length > 0)(`rollouts that fail, on a cluster (lacks ${missing.join(", ") || "nothing"})`, () => {
  let trial: TrialCluster;
  let cluster: Cluster;
  let folder: string;
  const former = process.env["KUBECONFIG"];
  const outcomes = new Map<string, Promise<Outcome>>();
  const list = scenarios("set in beforeAll");

  beforeAll(async () => {
    trial = makeCluster(context, 15031);
    folder = mkdtempSync(join(tmpdir(), "rollout-"));
    writeFileSync((process.env["KUBECONFIG"] = join(folder, "kubeconfig")), trial.kubeconfig(context), { mode: 0o600 });
    cluster = await connect($, context);
    await prepare(cluster, trial, folder);
    // Two halves: a small machine starts some twenty containers at a time without being late with its reports.
    const real = scenarios(trial.image);
    const half = Math.ceil(real.length / 2);
    const first = Promise.allSettled(real.slice(0, half).map((scenario) => keep(scenario, roll(cluster, scenario))));
    for (const scenario of real.slice(half)) void keep(scenario, first.then(() => roll(cluster, scenario)));
  });

  afterAll(async () => {
    const times = await Promise.all([...outcomes].map(async ([name, outcome]) => `${name} ${(await outcome.catch(() => undefined))?.seconds.toFixed(1) ?? "?"} s`));
    console.log(`from Kubernetes knowing to the report: ${times.join(", ")}`);
    await cluster?.close();
    trial?.remove();
    if (folder) rmSync(folder, { recursive: true });
    if (former === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = former;
  });

  const keep = (scenario: Scenario, outcome: Promise<Outcome>) => {
    outcome.catch(() => {}); // its test gets it
    outcomes.set(scenario.name, outcome);
    return outcome;
  };

  for (const { name, cause, says = [], before, brokenBefore } of list)
    if (cause)
      it(`${name}: is noticed within 30 s of Kubernetes knowing, and explained`, async () => {
        const { result, text, seconds, said, client } = await outcomes.get(name)!;
        expect(result.outcome, JSON.stringify(result.unfinished)).toBe("failed");
        expect(result.failures.map((failure) => failure.cause)).toEqual([cause]);
        expect(seconds).toBeLessThan(30);
        expectComplete(result.failures[0]!, text);
        for (const words of says) expect(text).toMatch(words);
        const everything = `${text} ${JSON.stringify(said)} ${JSON.stringify(result)}`;
        expect(everything).not.toContain(canary);
        expect(everything).not.toContain(Buffer.from(canary).toString("base64"));
        if (before && !brokenBefore) expect(client).toMatch(/^[1-9]\d* good 0 bad$/);
      });
    else
      it(`${name}: is not taken for a failure`, async () => {
        const { result, text } = await outcomes.get(name)!;
        expect(result.outcome, text).toBe("ready");
      });
});

/** The parts that no block may lack. */
function expectComplete({ object, pods, container, exitCode, log, event, cause }: Failure, text: string): void {
  const lines = text.split("\n");
  expect(lines[0]).toMatch(new RegExp(`^✗ ${object.kind} ${object.namespace}/${object.name} {3}manifests/${object.name}\\.ts:\\d+$`));
  for (const label of ["reason", "cause", "fix"]) expect(lines.some((line) => line.startsWith(`    ${label.padEnd(11)}`)), `${label} in\n${text}`).toBe(true);
  if (/^(image-|crash|out-of|command|config-key|user|runs|readiness|startup|liveness|unschedulable)/.test(cause)) expect(pods.length).toBeGreaterThan(0);
  if (/^(crash|out-of|readiness|startup|liveness)/.test(cause)) expect(container).toBeDefined();
  if (/^(crash|out-of-memory|ended)/.test(cause)) {
    expect(exitCode).toBeDefined();
    expect(log.length).toBeGreaterThan(0);
  }
  // Of the first end of a container there is none. What stands in a status is told at once: the event about it comes later, on a busy machine much later.
  if (!/^(certificate|command-not-found|job-failed|pod-security|quota|limit-range|admission-denied|webhook-unavailable|image-.*|runs-as-root|user-not-numeric|config-.*|crash|out-of-memory)$/.test(cause)) expect(event, `an event in\n${text}`).toBeDefined();
}

async function roll(cluster: Cluster, { name, before, brokenBefore, objects, knows }: Scenario): Promise<Outcome> {
  const labels = { ...(name === "pod-security" && { "pod-security.kubernetes.io/enforce": "restricted" }), ...(name.startsWith("webhook") && { webhook: name }) };
  const apply = async (list: readonly KubernetesObject[]) => {
    for (const object of list) await cluster.apply(object, { fieldManager: "test" });
  };
  await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }]);
  if (before) {
    await apply(before);
    // The broken one has to be tried once.
    if (brokenBefore) await until(async () => JSON.stringify(await cluster.list({ apiVersion: "v1", kind: "Pod" }, { namespace: name })).includes("InvalidImageName"));
    else expect((await waitForRollout(cluster, before, { onProgress: () => {} })).outcome).toBe("ready");
  }
  const said: Progress[] = [];
  const watcher = new AbortController();
  const known = firstWord(cluster, name, knows ?? /never/, watcher.signal);
  await apply(objects);
  const result = await waitForRollout(cluster, objects, { deadline: 150, origin: ({ metadata }) => ({ file: `manifests/${metadata.name}.ts`, line: 12 }), onProgress: (progress) => said.push(progress) });
  const told = Date.now();
  // On a busy machine the listener may hear of it after the one who told.
  for (const end = told + 20_000; knows && known() === undefined && Date.now() < end; ) await sleep(100);
  watcher.abort();
  const at = known() ?? (knows ? NaN : told);
  const client = before && !brokenBefore ? (await cluster.logs({ namespace: name, name: "client" }, { tailLines: 1 })).trim() : undefined;
  // Makes room for the next.
  await cluster.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return { result, said, client, text: result.failures.map(describeFailure).join("\n"), seconds: (told - at) / 1000 };
}

/** Listens beside the rollout, on its own. @returns a function that says when the cluster first said those words */
function firstWord(cluster: Cluster, namespace: string, words: RegExp, signal: AbortSignal): () => number | undefined {
  let at: number | undefined;
  const kinds = ["v1 Pod", "v1 Event", "apps/v1 ReplicaSet", "apps/v1 StatefulSet", "batch/v1 Job", "cert-manager.io/v1 CertificateRequest", "acme.cert-manager.io/v1 Challenge"];
  for (const [apiVersion = "", kind = ""] of kinds.map((text) => text.split(" ")))
    void (async () => {
      for await (const { object } of cluster.watch({ apiVersion, kind }, { namespace, signal })) if (at === undefined && words.test(JSON.stringify(object))) at = Date.now();
    })().catch(() => {});
  return () => at;
}

async function until(true_: () => Promise<boolean>): Promise<void> {
  while (!(await true_())) await sleep(500);
}

/** cert-manager with an issuer whose challenges nobody can meet, a registry with nothing in it, webhooks that refuse. */
async function prepare(cluster: Cluster, { image }: TrialCluster, folder: string): Promise<void> {
  const kubectl: Kubectl = async (args, input) => execFileSync("kubectl", ["--context", context, ...args], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
  const { authority } = await ensureAuthority(join(folder, "authority"));
  const { certificate, key } = await issueCertificate(authority, ["127.0.0.1"]);
  const apply = (object: KubernetesObject) => cluster.apply(object, { fieldManager: "test" });
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "servers" } });
  await until(async () => (await cluster.get({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "servers" } })) !== undefined);
  await apply(servers(image, { certificate, key }));
  for (const webhook of webhooks(authority.certificate)) await apply(webhook);

  const { addons } = await fetchAddons();
  const issuer = (spec: object): KubernetesObject => ({ apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name: "pebble" }, spec });
  await installAddon($, cluster, addons["cert-manager"], () => cluster.apply(issuer({ selfSigned: {} }), { fieldManager: "test", dryRun: true }), AbortSignal.timeout(300_000));
  const { server, caBundle } = await installPebble(kubectl);
  await apply(issuer({ acme: { server, caBundle, email: "team@example.com", privateKeySecretRef: { name: "pebble-account" }, solvers: [{ http01: { ingress: { ingressClassName: "nginx" } } }] } }));
}
