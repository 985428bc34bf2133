import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../manifests/environment.ts";
import { environments } from "../../manifests/environments/index.ts";
import { installAddon } from "../../scripts/lib/setup/addon-install.ts";
import { fetchAddons } from "../../scripts/lib/setup/addons.ts";
import { check } from "../../scripts/lib/checks/index.ts";
import { readYaml } from "../../scripts/lib/checks/yaml.ts";
import { ApiError, connect, type Cluster } from "../../scripts/lib/cluster.ts";
import { render, type KubernetesObject } from "../../scripts/lib/render.ts";
import { $ } from "../../scripts/lib/shell.ts";
import { catalogue } from "../checks/catalogue/index.ts";
import { broken, optionsFor, places, put, shop } from "../checks/fault.ts";
import { lacks } from "./docker.ts";
import { makeCluster, type TrialCluster } from "./trial.ts";

// The checks and the API server have to agree: what it refuses, they refuse; what they take, it takes. Asked by dry run,
// of a cluster with cert-manager.

/** Another apiVersion, kind, namespace or name would be another object. */
const isAboutTheObject = ([first, second]: readonly string[]) =>
  first !== undefined && !["apiVersion", "kind"].includes(first) && !(first === "metadata" && (second === undefined || second === "name" || second === "namespace"));

const missing = lacks("kind", "kubectl");

describe.skipIf(missing.length > 0)(`the API server's verdict on the catalogue (lacks ${missing.join(", ") || "nothing"})`, () => {
  const context = "starter-checks";
  const kubeconfig = mkdtempSync(join(tmpdir(), `${context}-`));
  const former = process.env["KUBECONFIG"];
  let trial: TrialCluster;
  let cluster: Cluster;
  const folder = new URL("../checks/sound/", import.meta.url);
  const files = readdirSync(folder).map((name) => ({ name, objects: readYaml(readFileSync(new URL(name, folder), "utf8"), name).documents as KubernetesObject[] }));
  const namespaces = files.flatMap(({ objects }) => objects).filter(({ kind }) => kind === "Namespace").map(({ metadata }) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: metadata.name } }));

  beforeAll(async () => {
    trial = makeCluster(context, 15041);
    writeFileSync((process.env["KUBECONFIG"] = join(kubeconfig, "config")), trial.kubeconfig(context), { mode: 0o600 });
    cluster = await connect($, context);
    const { addons } = await fetchAddons();
    const issuer = { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name: "any" }, spec: { selfSigned: {} } };
    await installAddon($, cluster, addons["cert-manager"], () => cluster.apply(issuer, { fieldManager: "checks-test", dryRun: true }), AbortSignal.timeout(300_000));
    for (const namespace of namespaces) await cluster.create(namespace);
  });
  afterAll(async () => {
    await cluster?.close();
    trial?.remove();
    rmSync(kubeconfig, { recursive: true });
    if (former === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = former;
  });

  /** @returns what the server says against an object; undefined if nothing */
  async function refusal(object: KubernetesObject): Promise<string | undefined> {
    try {
      await cluster.apply(object, { fieldManager: "checks-test", force: true, dryRun: true });
      return undefined;
    } catch (error) {
      if (error instanceof ApiError || (error as Error).name === "UserError") return (error as Error).message;
      throw error;
    }
  }

  it.each(files)("takes the sound $name", async ({ objects }) => {
    const refusals = [];
    for (const object of objects) refusals.push(`${object.kind} ${object.metadata.name}: ${(await refusal(object)) ?? "taken"}`);
    expect(refusals.filter((text) => !text.endsWith(": taken"))).toEqual([]);
  });

  it.each(Object.values<Environment>(environments))("takes the manifests of $name", async (environment) => {
    const [namespace] = namespaces;
    const refusals = [];
    for (const object of render({ ...environment, namespace: namespace!.metadata.name }))
      if (object.kind !== "Namespace") refusals.push(`${object.kind} ${object.metadata.name}: ${(await refusal(object)) ?? "taken"}`);
    expect(refusals.filter((text) => !text.endsWith(": taken"))).toEqual([]);
  });

  it("refuses nothing that the checks take: a random value in a random place of the sound application", async () => {
    const all = shop().objects.flatMap((object, index) => places(object).filter(isAboutTheObject).map((path) => ({ index, path })));
    const value = fc.constantFrom(undefined, -1, 0, 99999999, "", "Bad_Value!", "x".repeat(300), {}, [], true);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), value, async ({ index, path }, value) => {
        const { objects } = shop();
        put(objects[index], path, value);
        const problems = await check(objects, optionsFor());
        if (problems.some(({ severity }) => severity === "error")) return;
        expect(await refusal(objects[index]), `${objects[index].kind} ${path.join(".")} = ${JSON.stringify(value)}`).toBeUndefined();
      }),
      // The same each time: what fails is a change, not luck.
      { numRuns: 500, seed: 2026 },
    );
  });

  const sound = new Set(shop().objects.map((object) => JSON.stringify(object)));
  for (const fault of catalogue) {
    const changed = broken(fault).objects.filter((object) => !sound.has(JSON.stringify(object)));
    if (changed.length === 0) continue;
    it(`${fault.server === "refuses" ? "refuses" : "takes"} ${fault.rule}: ${fault.fault}`, async () => {
      const refusals = [];
      for (const object of changed) refusals.push(await refusal(object));
      const said = refusals.filter((text) => text !== undefined);
      if (fault.server === "refuses") expect(said).not.toEqual([]);
      else expect(said).toEqual([]);
    });
  }
});
