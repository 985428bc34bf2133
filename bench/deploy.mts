import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../scripts/lib/cluster.ts";
import { $ } from "../scripts/lib/shell.ts";
import { median } from "./local/contestants.ts";
import { canary, makeCluster, makeTrial } from "../tests/e2e/trial.ts";

// What a deploy costs that has nothing to do, against kubectl with the same objects; and one request through the proxy
// against one kubectl. Makes a kind cluster of its own, and deletes it.
//
//   npx zx bench/deploy.mts
//
// Both take turns, so that whatever else the machine does meets both.

const rounds = Number(process.env["ROUNDS"] ?? 10);
const cluster = makeCluster("deploy-bench", 15018);
const trial = makeTrial(cluster);
try {
  const configuration = (index: number) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `more-${index}`, namespace: trial.namespace }, data: { A: String(index) } });
  // With the first as many objects as this project's production has.
  for (const more of [19, 89]) {
    trial.shop({ more: Array.from({ length: more }, (_, index) => configuration(index)) });
    const first = await trial.deploy("--env", "prod", "--yes");
    if (first.code !== 0) throw new Error(first.stderr);
    await trial.deploy("--env", "prod", "--plan", "plan.json");
    const { objects } = JSON.parse(trial.read("plan.json")) as { objects: { kind: string; data?: object }[] };
    for (const object of objects) if (object.kind === "Secret") object.data = { VALKEY_PASSWORD: Buffer.from(canary).toString("base64") };
    const file = join(trial.folder, "..", "objects.json");
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }), { mode: 0o600 });

    // A new cluster keeps two cores busy for a minute; later it is only the pods of this deploy.
    await sleep(more === 19 ? 60_000 : 15_000);
    // As npm starts it, without npm's own half second.
    const node = ["--import", "./scripts/preload.mjs", "scripts/deploy.mts", "--env", "prod", "--yes"];
    const kubectl = ["--context", trial.context, "apply", "--server-side", "--field-manager", "deploy.mts", "-f", file];
    const times = alternately({
      deploy: () => timed(process.execPath, node),
      "kubectl apply --server-side": () => timed("kubectl", kubectl),
    });
    console.log(`nothing to do, ${objects.length} objects:`);
    report(times);
  }

  process.env["KUBECONFIG"] = trial.env["KUBECONFIG"];
  const api = await connect($, trial.context);
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: trial.namespace } };
  await api.get(deployment);
  const times: Record<string, number[]> = { "through the proxy": [], "kubectl get": [] };
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let request = 0; request < 10; request++) await api.get(deployment);
    times["through the proxy"]!.push((performance.now() - start) / 10);
    times["kubectl get"]!.push(timed("kubectl", ["--context", trial.context, "--namespace", trial.namespace, "get", "deployment", "web", "-o", "json"]));
  }
  console.log("one request:");
  report(times);
  await api.close();
} finally {
  trial.remove();
  cluster.remove();
}

function timed(program: string, args: string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd: trial.folder, env: trial.env, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
}

function alternately(subjects: Record<string, () => number>): Record<string, number[]> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const [name, run] of Object.entries(subjects)) {
      const milliseconds = run();
      // The first finds nothing in any cache.
      if (round > 0) times[name]!.push(milliseconds);
    }
  return times;
}

function report(times: Record<string, number[]>): void {
  for (const [name, values] of Object.entries(times)) console.log(`  ${name.padEnd(28)} median ${median(values).toFixed(1).padStart(7)} ms   least ${Math.min(...values).toFixed(1).padStart(7)} ms`);
  const [ours, theirs] = Object.values(times).map(median) as [number, number];
  console.log(`  ${(ours / theirs).toFixed(2)} times as long`);
}
