import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { load, loadAll } from "js-yaml";
import type { IContainer } from "kubernetes-models/v1/Container";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../scripts/lib/render.ts";
import { has, run, shellEnvironment } from "../child.ts";

const builtHere = ["backend-trpc", "landing-page", "signaling"];
const annotation = "typescript-kubernetes-starter/config-maps";

// Tilt's own evaluation: it asks no cluster, and npx is a stand-in that says what was rendered.
describe.skipIf(!has("tilt"))("the Tiltfile (needs tilt)", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tiltfile-"));
    for (const file of ["Tiltfile", "kind-config.yaml"]) cpSync(file, join(folder, file));
    writeFileSync(join(folder, "Tiltfile.plain"), "k8s_yaml('rendered.yaml')\n");
    for (const path of ["manifests", "bin", ...builtHere]) mkdirSync(join(folder, path));
    for (const path of builtHere) cpSync(`${path}/Dockerfile`, join(folder, path, "Dockerfile"));
    writeFileSync(join(folder, "bin/npx"), `#!/bin/sh\ncat "${folder}/rendered.yaml"\n`);
    chmodSync(join(folder, "bin/npx"), 0o755);
    const context = { name: "kind-dev", context: { cluster: "kind-dev", user: "kind-dev" } };
    const kubeconfig = { apiVersion: "v1", kind: "Config", "current-context": "kind-dev", contexts: [context], users: [{ name: "kind-dev", user: {} }], clusters: [{ name: "kind-dev", cluster: { server: "http://127.0.0.1:1" } }] };
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** @returns the objects that Tilt would apply */
  const evaluate = async (rendered: readonly KubernetesObject[], file = "Tiltfile"): Promise<KubernetesObject[]> => {
    writeFileSync(join(folder, "rendered.yaml"), rendered.map((object) => JSON.stringify(object)).join("\n---\n"));
    const env = shellEnvironment({ HOME: folder, KUBECONFIG: join(folder, "kubeconfig"), PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter), TILT_DISABLE_ANALYTICS: "1" });
    const { code, stdout, stderr } = await run("tilt", ["alpha", "tiltfile-result", "--file", file], { cwd: folder, env });
    expect(code, stderr).toBe(0);
    const { Manifests: resources } = JSON.parse(stdout) as { Manifests: { DeployTarget: { yaml?: string } }[] };
    return resources.flatMap(({ DeployTarget: { yaml } }) => (yaml ? (loadAll(yaml) as KubernetesObject[]) : []));
  };
  const templateOf = (object: KubernetesObject) => (object["spec"] as { template?: { metadata: KubernetesObject["metadata"] } } | undefined)?.template;
  const containersOf = ({ spec }: KubernetesObject) => (spec as { template?: { spec: { containers: IContainer[] } } } | undefined)?.template?.spec.containers ?? [];
  const hashes = (objects: readonly KubernetesObject[]) =>
    Object.fromEntries(objects.flatMap((object) => (templateOf(object) ? [[object.metadata.name, templateOf(object)!.metadata.annotations?.[annotation]]] : [])));

  it("applies what was rendered, every value of the same type, but for one annotation and patience with a watcher that waits for an edit", async () => {
    const objects = loadAll(readFileSync("tests/golden/dev.yaml", "utf8")) as KubernetesObject[];
    const applied = await evaluate(objects);
    expect(Object.values(hashes(applied))).not.toContain(undefined);
    for (const object of applied) delete templateOf(object)?.metadata.annotations;
    const byName = (all: readonly KubernetesObject[]) => Object.fromEntries(all.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const plain = await evaluate(objects, "Tiltfile.plain");
    const watching = plain.flatMap(containersOf).filter(({ image }) => builtHere.some((name) => image!.includes(`/${name}`)));
    expect(watching.map(({ name }) => name).toSorted()).toEqual(["backend", "landing-page", "signaling"]);
    for (const { livenessProbe, startupProbe } of watching) for (const probe of [livenessProbe!, startupProbe!]) probe.failureThreshold = 1_000_000;
    expect(byName(applied)).toEqual(byName(plain));
    expect(Object.keys(byName(applied))).toHaveLength(objects.length);
  });

  it("has new pods made of the workloads that use a ConfigMap which was edited, however they use it, and of no others", async () => {
    const deployment = (name: string, pod: object): KubernetesObject => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: "dev" },
      spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: "x:1" }], ...pod } } },
    });
    const using = (container: object) => ({ containers: [{ name: "c", image: "x:1", ...container }] });
    const configMap = (name: string, value: string): KubernetesObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "dev" }, data: { KEY: value } });
    const rendered = (value: string) => [
      load("{ apiVersion: v1, kind: Namespace, metadata: { name: dev } }") as KubernetesObject,
      configMap("edited", value),
      configMap("other", "as it was"),
      deployment("whole", using({ envFrom: [{ secretRef: { name: "s" } }, { configMapRef: { name: "edited" } }] })),
      deployment("one-key", using({ env: [{ name: "A", value: "a" }, { name: "B", valueFrom: { configMapKeyRef: { name: "edited", key: "KEY" } } }] })),
      deployment("files", { volumes: [{ name: "tmp", emptyDir: {} }, { name: "v", configMap: { name: "edited" } }] }),
      deployment("first", { initContainers: [{ name: "i", image: "x:1", envFrom: [{ configMapRef: { name: "edited" } }] }] }),
      deployment("others", using({ envFrom: [{ configMapRef: { name: "other" } }] })),
      deployment("none", {}),
    ];
    const before = hashes(await evaluate(rendered("a")));
    const after = hashes(await evaluate(rendered("b")));
    expect(Object.keys(before).filter((name) => before[name] !== after[name])).toEqual(["whole", "one-key", "files", "first"]);
    expect(before["none"]).toBeUndefined();
    expect(hashes(await evaluate(rendered("a")))).toEqual(before);
  });
});
