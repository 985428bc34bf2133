import type { Environment } from "../manifests/environment.ts";
import { prepare } from "../scripts/lib/deploy/prepare.ts";
import type { Revision } from "../scripts/lib/deploy/revisions.ts";
import { carryOut, makePlan, type Goal, type Run } from "../scripts/lib/deploy/run.ts";
import type { KubernetesObject } from "../scripts/lib/render.ts";
import type { FakeCluster } from "./fake-cluster.ts";

// A small application as deploys know it: a namespace, a ConfigMap, a Secret and a Deployment that uses both.

export const environment = { name: "prod", development: false, namespace: "prod" } as Environment;
export const store = { owner: "shop.prod", namespace: "prod", name: "prod" };
export const password = "a-password-nobody-may-see";

export const namespace = (name = "prod"): KubernetesObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
export const config = (message: string, name = "web", namespace = "prod"): KubernetesObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { MESSAGE: message } });
export const secret = (value: string, namespace = "prod"): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "web", namespace }, data: { PASSWORD: Buffer.from(value).toString("base64") } });
export const web = (image = "web:1", namespace = "prod"): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace },
  spec: { template: { spec: { containers: [{ name: "web", image, envFrom: [{ configMapRef: { name: "web" } }, { secretRef: { name: "web" } }] }] } } },
});

export const goal = (...objects: KubernetesObject[]): Goal => ({ objects: prepare(objects, store.owner, new Map()), images: { "web:1": "web@sha256:1" } });
export const shop = (message: string, { value = password, image = "web:1", more = [] as KubernetesObject[] } = {}): Goal => goal(namespace(), config(message), secret(value), web(image), ...more);

/** A deploy's surroundings in which every rollout is complete at once. */
export const runOn = (cluster: FakeCluster): Run => ({
  environment,
  cluster,
  store,
  source: async () => ({ by: "Ann", holder: "Ann on laptop", commit: "abc", beside: ["1 file not committed"] }),
  signal: new AbortController().signal,
  options: {},
  wait: async () => {},
});

export const deploy = async (run: Run, wanted: Goal, options: Parameters<typeof carryOut>[3] = {}): Promise<Revision> => carryOut(run, wanted, await makePlan(run, wanted), options);
