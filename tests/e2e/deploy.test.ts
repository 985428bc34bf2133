import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Result } from "../child.ts";
import { lacks } from "./docker.ts";
import { canary, hardened, makeCluster, makeTrial, parsed, server, service, type Shop, type Trial, type TrialCluster } from "./trial.ts";

const missing = lacks("kind", "kubectl");

// One production environment through its life: each part goes on where the last one ended.
describe.skipIf(missing.length > 0)(`deploy.mts on a cluster of production (lacks ${missing.join(", ") || "nothing"})`, () => {
  let cluster: TrialCluster;
  let trial: Trial;
  let client: Client;
  /** Everything that any run wrote. */
  let said = "";
  const namespace = "shop";

  beforeAll(() => {
    cluster = makeCluster("deploy-e2e", 15017);
    trial = makeTrial(cluster);
  });
  afterAll(() => {
    trial?.remove();
    cluster?.remove();
  });

  /** What every later version has. */
  let base: Shop = {};
  const shop = (changes: Shop) => trial.shop({ ...base, ...changes, more: [...(base.more ?? []), ...(changes.more ?? [])] });
  const run = async (...args: string[]): Promise<Result> => {
    const result = await trial.deploy(...args);
    said += result.stdout + result.stderr;
    return result;
  };
  const deploy = (...args: string[]) => run("--env", "prod", "--yes", ...args);
  const plan = async (...args: string[]) => {
    const result = await run("--env", "prod", "--plan", ...args);
    return { ...result, text: result.stdout };
  };
  const succeeds = async (result: Promise<Result>) => {
    const { code, stdout, stderr } = await result;
    expect(code, stdout + stderr).toBe(0);
    return stderr;
  };
  const history = async () => JSON.parse((await run("--env", "prod", "--history", "--json")).stdout) as { number: number; result: string; remark?: string; rollbackTo?: number; images: object }[];
  const get = (...args: string[]) => trial.kubectl("get", ...args);
  const message = () => get("pods", "-l", "app=web", "-o", "jsonpath={range .items[*]}{.spec.containers[0].envFrom[0].configMapRef.name} {end}");

  it("shows on an empty cluster what a first deploy would make, also objects of kinds and namespaces that come with it", async () => {
    shop({ more: customKind });
    const { code, text } = await plan();
    expect(text).toContain("+ create  Namespace shop");
    expect(text).toContain("+ create  Gadget shop/first");
    expect(text).toMatch(/\d+ to create$/m);
    expect(code).toBe(3);
    expect(await get("namespaces", "-o", "name")).not.toContain("namespace/shop");
  });

  it("asks before it touches production, and refuses where nobody can answer", async () => {
    const { code, stdout, stderr } = await run("--env", "prod", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ result: "failed", error: { message: "nobody is here to confirm", next: expect.stringContaining("--yes") } });
    expect(stderr).toContain("This goes to prod: context trial-production");
    expect(stderr).toMatch(/not committed|not pushed/);
    expect(await get("namespaces", "-o", "name")).not.toContain("namespace/shop");
  });

  it("deploys to the empty cluster and writes down which cluster that was", async () => {
    const stderr = await succeeds(deploy());
    expect(stderr).toContain("https://shop.example.com");
    expect(JSON.parse(trial.read("clusters.json"))).toMatchObject({ prod: { context: trial.context, uid: await get("namespace", "kube-system", "-o", "jsonpath={.metadata.uid}") } });
    expect(await get("gadgets", "-o", "name")).toBe("gadget.example.com/first");
    expect(await get("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).toMatch(/^127\.0\.0\.1:\d+\/node@sha256:[0-9a-f]{64}$/);
    expect(await get("deployment", "web", "-o", "jsonpath={.metadata.annotations.deploy\\.mts/images}")).toContain(cluster.image);
  });

  it("writes nothing when nothing has changed", async () => {
    await settled();
    const before = await trial.versions();
    // A colleague's clone, or a first deploy that was interrupted while it waited for the addresses.
    const recorded = trial.read("clusters.json");
    rmSync(join(trial.folder, "clusters.json"));
    expect(await succeeds(deploy())).toContain("already as the manifests say: revision 1");
    expect(trial.read("clusters.json")).toBe(recorded);
    expect((await plan()).code).toBe(0);
    expect(await trial.versions()).toBe(before);
  });

  it("refuses another cluster behind the right name, another address and another context", async () => {
    const recorded = trial.read("clusters.json");
    const refused = async (change: (entry: { context: string; servers: string[]; uid: string }) => void) => {
      const file = JSON.parse(recorded);
      change(file.prod);
      trial.write("clusters.json", JSON.stringify(file));
      const { code, stderr } = await deploy();
      expect(code).toBe(1);
      return stderr;
    };
    expect(await refused((entry) => (entry.uid = "11111111-2222"))).toMatch(/identity: expected 11111111-2222, found [0-9a-f-]{36}/);
    expect(await refused((entry) => (entry.servers = ["https://elsewhere:6443"]))).toContain("server: expected https://elsewhere:6443, found https://127.0.0.1:");
    expect(await refused((entry) => (entry.context = "old-production"))).toContain("context: expected old-production, found trial-production");
    trial.write("clusters.json", recorded);
  });

  it("rolls pods when their configuration changes, without a failed request, and shows the change first", async () => {
    client = await startClient(trial);
    shop({ message: "two" });
    const { text } = await plan();
    expect(text).toMatch(/containers\[web\]\.envFrom\[0\]\.configMapRef\.name: web-\w{10} → web-\w{10}/);
    expect(text).toContain("- delete  Gadget shop/first  (no longer in the manifests)");
    const before = await message();
    await succeeds(deploy());
    expect(await message()).not.toBe(before);
    await client.hasHeard("two");
    expect(await get("gadgets", "--ignore-not-found", "-o", "name"), "what is no longer in the manifests is gone").toBe("");
    expect(await get("crd", "gadgets.example.com", "-o", "name"), "but definitions are kept").toContain("gadgets");
  });

  it("keeps the old pods serving when a new version crashes, says why, and goes back", async () => {
    shop({ message: "broken", code: "throw new Error('no such table: rooms')" });
    const { code, stderr } = await deploy("--rollback-on-failure");
    expect(code).toBe(1);
    expect(stderr).toContain("no such table: rooms");
    expect(stderr).toContain("is deployed again");
    expect((await history()).slice(0, 2)).toMatchObject([{ result: "succeeded", rollbackTo: 2 }, { result: "failed" }]);
    await client.hasHeard("two");
  });

  it("goes back to an earlier revision with its image, its configuration and its Secret", async () => {
    const secretOf = async () => JSON.parse(await get("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef}")).name as string;
    const [secret, image] = [await secretOf(), await get("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")];
    trial.env["VALKEY_PASSWORD"] = `${canary}-rotated`;
    shop({ message: "three", image: otherImage(cluster) });
    await succeeds(deploy());
    await client.hasHeard("three");
    expect(await secretOf()).not.toBe(secret);
    const shown = await run("--env", "prod", "--rollback", "2", "--plan");
    expect(shown.code).toBe(3);
    await succeeds(run("--env", "prod", "--yes", "--rollback", "2"));
    await client.hasHeard("two");
    expect(await secretOf()).toBe(secret);
    expect(await get("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).toBe(image);
    trial.env["VALKEY_PASSWORD"] = canary;
    shop({ message: "two" });
    expect((await plan()).code).toBe(0);
  });

  it("carries out a saved plan exactly, or not at all", async () => {
    shop({ message: "four" });
    expect((await plan("plan.json")).code).toBe(3);
    shop({ message: "five" }); // after the plan was saved: not part of it
    await succeeds(run("--apply", "plan.json", "--yes"));
    await client.hasHeard("four");
    const again = await run("--apply", "plan.json", "--yes");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("the cluster has moved since this plan was made");
  });

  it("says by whom a field was changed, instead of changing it back; drift names it too", async () => {
    await trial.kubectl("set", "resources", "deployment/web", "--requests=cpu=11m");
    await trial.kubectl("label", "service", "web", "team=blue");
    const drift = await run("--env", "prod", "--check-drift");
    expect(drift.code).toBe(3);
    expect(drift.stdout).toMatch(/containers\[web\]\.resources\.requests\.cpu: 50m → 11m {2}\(kubectl-set\)/);
    expect(drift.stdout).toMatch(/\+ metadata\.labels\.team: blue {2}\(kubectl-label\)/);
    const { code, stderr } = await deploy();
    expect(code).toBe(1);
    expect(stderr).toContain('containers[name="web"].resources.requests.cpu: kubectl-set set it to "11m", the manifests say "50m"');
    await succeeds(deploy("--force-conflicts"));
    expect(await get("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].resources.requests.cpu}")).toBe("50m");
    await trial.kubectl("label", "service", "web", "team-");
    expect((await run("--env", "prod", "--check-drift")).code).toBe(0);
  });

  it("leaves the number of pods to an autoscaler, from the deploy that brings it on", async () => {
    const autoscaler = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name: "web", namespace }, spec: { minReplicas: 3, maxReplicas: 4, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 90 } } }] } };
    const withAutoscaler = (message: string) => shop({ message, replicas: undefined, more: [autoscaler] });
    withAutoscaler("six");
    const replicas = () => get("deployment", "web", "-o", "jsonpath={.spec.replicas}");
    const { code, stdout, stderr } = await deploy();
    expect(code, stdout + stderr).toBe(0);
    await until(async () => (await replicas()) === "3");
    withAutoscaler("seven");
    await succeeds(deploy());
    expect(await replicas()).toBe("3");
    expect((await plan()).code).toBe(0);
    expect((await run("--env", "prod", "--check-drift")).stdout).toContain("is as revision");
  });

  it("explains what can't be changed in place, and makes it anew only when told to, while pods go on serving", async () => {
    base = { serviceName: "stores", more: [service("stores", namespace, { clusterIP: "None", selector: { app: "store" } })] };
    shop({ message: "seven" });
    const { code, stderr } = await deploy();
    expect(code).toBe(1);
    expect(stderr).toContain("StatefulSet shop/store can't be changed so");
    expect(stderr).toContain("Kubernetes never changes spec.serviceName\n");
    expect(await get("statefulset", "store", "-o", "jsonpath={.spec.serviceName}")).toBe("store");
    expect((await plan("--replace")).text).toContain("± replace StatefulSet shop/store");
    await succeeds(deploy("--replace"));
    expect(await get("statefulset", "store", "-o", "jsonpath={.spec.serviceName}")).toBe("stores");
    expect((await plan()).code).toBe(0);
  });

  it("touches nothing of another owner: a clash is an error, and pruning passes it by", async () => {
    shop({ message: "eight", more: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs", namespace }, data: { a: "1" } }] });
    await succeeds(deploy());
    await trial.kubectl("label", "configmap", "theirs", "deploy.mts/owner=other.prod", "--overwrite");
    const { code, stderr } = await deploy();
    expect(code).toBe(1);
    expect(stderr).toContain("ConfigMap shop/theirs belongs to other.prod");
    shop({ message: "nine" });
    expect((await plan()).text).not.toContain("theirs");
    await succeeds(deploy());
    expect(await get("configmap", "theirs", "-o", "name")).toBe("configmap/theirs");
  });

  it("lets one deploy work at a time; a second one says who does", async () => {
    // Seconds until each pod is ready: the first is still at work.
    shop({ message: "ten", code: `setTimeout(() => { ${server} }, 5000)` });
    const first = start(trial, "--env", "prod", "--yes");
    await until(async () => first.text().includes("Objects of revision"));
    const second = await deploy();
    expect(second.code, second.stderr).toBe(1);
    expect(second.stderr).toMatch(/prod is being deployed by \S+/);
    await first.ended;
    said += first.text();
    expect(first.process.exitCode, first.text()).toBe(0);
    expect((await plan()).code).toBe(0);
  });

  it("of two that begin at the same moment one makes the revision; the other finds it made, or refuses", async () => {
    const before = (await history())[0]!.number;
    shop({ message: "ten again" });
    const results = await Promise.all([deploy(), deploy()]);
    const refused = results.filter(({ code }) => code !== 0);
    expect(refused.length, results.map(({ stderr }) => stderr).join("\n---\n")).toBeLessThan(2);
    for (const { stderr } of refused) expect(stderr).toMatch(/is being deployed by|has moved since|was begun by somebody else/);
    expect((await history())[0]).toMatchObject({ number: before + 1, result: "succeeded" });
    expect((await plan()).code).toBe(0);
  });

  it("stops at Ctrl-C, frees the lock at once and completes what it began the next time", async () => {
    shop({ message: "eleven" });
    const child = start(trial, "--env", "prod", "--yes");
    // The plan is above it, with every object's name.
    await until(async () => child.text().includes("Objects of revision"));
    child.process.kill("SIGINT");
    const code = await child.ended;
    said += child.text();
    expect(code, child.text()).toBe(130);
    expect((await history())[0]).toMatchObject({ result: "interrupted" });
    expect(await get("lease", "deploy-prod", "-o", "jsonpath={.spec.holderIdentity}")).toBe("");
    await succeeds(deploy());
    expect((await history())[0]).toMatchObject({ result: "succeeded" });
  });

  it("completes what a kill -9 in any wave left behind", async () => {
    const generation = (object: string) => get(object, "-o", "jsonpath={.metadata.generation}").catch(() => "");
    const revisions = () => get("secrets", "-l", "deploy.mts/revision", "-o", "name");
    const configuration = () => get("configmaps", "-l", "deploy.mts/version-of=web", "-o", "name");
    const waves: [string, () => Promise<string>][] = [
      ["before the first wave", revisions],
      ["configuration", configuration],
      ["stateful", () => generation("statefulset/store")],
      ["stateless", () => generation("deployment/web")],
    ];
    for (const [index, [wave, state]] of waves.entries()) {
      shop({ message: `killed ${wave}`, more: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `left-${index}`, namespace }, data: {} }] });
      // The stateful set has to change too, or its wave would be empty.
      const objects = trial.read("manifests/objects.json").replace('"value":"store"', `"value":"store ${index}"`).replace(/"value":"store \d"/, `"value":"store ${index}"`);
      trial.write("manifests/objects.json", objects);
      const before = await state();
      const child = start(trial, "--env", "prod", "--yes");
      await until(async () => (await state()) !== before, 90_000);
      child.process.kill("SIGKILL");
      await child.ended;
      said += child.text();
    }
    shop({ message: "twelve" });
    const stderr = await succeeds(deploy());
    expect(stderr).toMatch(/was not renewed: that deploy was killed|revision \d+ of prod is deployed/);
    await client.hasHeard("twelve");
    expect((await plan()).code).toBe(0);
    expect(await get("configmaps", "-o", "name")).not.toContain("left-");
    expect(processes().filter((line) => line.includes("proxy") && line.includes(trial.context)), "no kubectl proxy outlives its script").toEqual([]);
  });

  it("has answered every request through all of this", async () => {
    const { answered, failed } = await client.result();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(1000);
  });

  it("keeps the last ten revisions and what they use, and nothing older", async () => {
    for (let number = 0; number < 3; number++) {
      shop({ message: `many ${number}` });
      await succeeds(deploy());
    }
    const kept = await history();
    expect(kept.length).toBe(10);
    const used = new Set(parsed(await get("secrets", "-l", "deploy.mts/revision", "-o", "json")).items.flatMap((secret) => namesIn(revisionIn(secret), "ConfigMap", "web-")));
    const present = (await get("configmaps", "-l", "deploy.mts/version-of=web", "-o", "jsonpath={range .items[*]}{.metadata.name} {end}")).trim().split(" ");
    expect(new Set(present)).toEqual(used);
    expect((await plan()).code, "and that is no change to come").toBe(0);
  });

  it("has told the Secret's value nobody: no output, plan, revision, process or file", async () => {
    const forms = [canary, Buffer.from(canary).toString("base64").replace(/=+$/, "").slice(0, -2), encodeURIComponent(canary)];
    const clean = (text: string) => forms.every((form) => !text.includes(form));
    expect(clean(said), "output").toBe(true);
    expect(clean(trial.read("plan.json")), "plan file").toBe(true);
    for (const secret of parsed(await get("secrets", "-l", "deploy.mts/revision", "-o", "json")).items) expect(clean(JSON.stringify(revisionIn(secret))), secret.metadata.name).toBe(true);

    trial.env["VALKEY_PASSWORD"] = `${canary}-again`;
    const temporary = join(trial.folder, "..", "temporary");
    execFileSync("mkdir", ["-p", temporary]);
    trial.env["TMPDIR"] = temporary;
    const child = start(trial, "--env", "prod", "--yes");
    let samples = 0;
    while (child.process.exitCode === null) {
      expect(clean(processes().join("\n")), "process arguments").toBe(true);
      for (const file of filesIn(temporary)) expect(clean(file), "temporary files").toBe(true);
      samples++;
      await sleep(50);
    }
    expect(child.process.exitCode, child.text()).toBe(0);
    expect(samples).toBeGreaterThan(5);
    expect(readdirSync(temporary).filter((name) => name.startsWith("deploy-"))).toEqual([]);
  });

  it("names what goes before it deletes, and keeps what holds data unless told", async () => {
    await client.stop();
    const refused = await run("--env", "prod", "--delete");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("- delete  Deployment shop/web");
    expect(refused.stderr).toContain("= keep    Namespace shop");
    const stderr = await succeeds(deploy("--delete"));
    expect(stderr).toContain("prod is deleted");
    expect(await get("deployments,statefulsets,services,secrets", "-o", "name")).toBe("");
    expect(await get("configmap", "theirs", "-o", "name")).toBe("configmap/theirs");
    await succeeds(deploy("--delete"));
  });

  /** Status is written a while after pods are ready; then nothing changes by itself. */
  async function settled(): Promise<void> {
    for (let last = "", same = 0; same < 3; await sleep(2000)) same = last === (last = await trial.versions()) ? same + 1 : 0;
  }
});

const customKind = [
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "gadgets", singular: "gadget", kind: "Gadget" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer", default: 3 } } } } } } }],
    },
  },
  { apiVersion: "example.com/v1", kind: "Gadget", metadata: { name: "first", namespace: "shop" }, spec: {} },
];

/** The same program, another image: one file more. */
function otherImage(cluster: TrialCluster): string {
  const image = cluster.image.replace(/:[^:/]*$/, ":23.0.0");
  execFileSync("docker", ["build", "--quiet", "--provenance=false", "--tag", image, "-"], { input: `FROM ${cluster.image}\nENV OTHER=1\n`, stdio: ["pipe", "ignore", "ignore"] });
  execFileSync("docker", ["push", "--quiet", image], { stdio: "ignore" });
  return image;
}

/** Asks the service again and again, each time by a new connection, from a pod of another namespace. */
interface Client {
  hasHeard(message: string): Promise<void>;
  result(): Promise<{ answered: number; failed: string[] }>;
  stop(): Promise<void>;
}

async function startClient(trial: Trial): Promise<Client> {
  const code = `
const http = require("http"); let answered = 0; let last = "";
const fail = (why) => console.log("failed " + new Date().toISOString() + " " + why);
setInterval(() => { http.get({ host: "web.${trial.namespace}", port: 3000, agent: false, timeout: 5000 }, (r) => { let t = ""; r.on("data", (c) => (t += c)).on("end", () => { answered++; if (r.statusCode !== 200) fail("status " + r.statusCode); if (t !== last) console.log("heard " + (last = t)); }).on("error", (e) => fail(e.message)); }).on("error", (e) => fail(e.message)); }, 25);
setInterval(() => console.log("answered " + answered), 500);`;
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "client" }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "client", image: trial.image, command: ["node", "-e", code], securityContext: { ...hardened, runAsUser: 10001, runAsNonRoot: true } }] } };
  const file = join(trial.folder, "..", "client.json");
  writeFileSync(file, JSON.stringify(pod));
  await trial.kubectl("--namespace", "default", "apply", "-f", file);
  rmSync(file);
  const logs = () => trial.kubectl("--namespace", "default", "logs", "client").catch(() => "");
  await until(async () => (await logs()).includes("answered"));
  return {
    hasHeard: (message) => until(async () => (await logs()).trimEnd().split("\n").filter((line) => line.startsWith("heard")).at(-1) === `heard ${message}`),
    async result() {
      const lines = (await logs()).split("\n");
      return { answered: Number(lines.filter((line) => line.startsWith("answered")).at(-1)?.split(" ")[1]), failed: lines.filter((line) => line.startsWith("failed")) };
    },
    stop: async () => void (await trial.kubectl("--namespace", "default", "delete", "pod", "client", "--wait=false")),
  };
}

/** `ended`: with which exit code, when all that it said has arrived. */
function start(trial: Trial, ...args: string[]): { process: ChildProcess; text: () => string; ended: Promise<number | null> } {
  let text = "";
  const child = spawn(process.execPath, [join(process.cwd(), "node_modules/zx/build/cli.js"), "scripts/deploy.mts", ...args], { cwd: trial.folder, env: trial.scriptEnv(), stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (text += chunk));
  return { process: child, text: () => text, ended: once(child, "close").then(([code]) => code as number | null) };
}

async function until(condition: () => Promise<boolean>, timeout = 60_000): Promise<void> {
  for (const end = Date.now() + timeout; !(await condition()); await sleep(100)) if (Date.now() > end) throw new Error("never became true");
}

const revisionIn = (secret: { [field: string]: unknown }): unknown => JSON.parse(gunzipSync(Buffer.from((secret["data"] as Record<string, string>)["revision.json.gz"]!, "base64")).toString());

const namesIn = (revision: unknown, kind: string, prefix: string): string[] =>
  (revision as { objects: { kind: string; metadata: { name: string } }[] }).objects.filter((object) => object.kind === kind && object.metadata.name.startsWith(prefix)).map(({ metadata }) => metadata.name);

/** The arguments of every process; nothing where the system does not tell so. */
function processes(): string[] {
  return (process.platform === "linux" ? readdirSync("/proc") : []).flatMap((id) => {
    try {
      return /^\d+$/.test(id) ? [readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
    } catch {
      return []; // it has ended
    }
  });
}

function filesIn(folder: string): string[] {
  // Folders may go while they are looked into.
  const attempt = <T>(read: () => T[]): T[] => {
    try {
      return read();
    } catch {
      return [];
    }
  };
  return attempt(() => readdirSync(folder, { withFileTypes: true })).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? attempt(() => [readFileSync(path, "utf8")]) : [];
  });
}
