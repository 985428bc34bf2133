import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import type { IClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
import { beforeEach, expect, it, vi } from "vitest";
import { prod } from "../../manifests/environments/prod.ts";
import { ApiError, type KindOf } from "../../scripts/lib/cluster.ts";
import { identityOfCluster } from "../../scripts/lib/deploy/place.ts";
import { prepare } from "../../scripts/lib/deploy/prepare.ts";
import { carryOut, isDone, makePlan, type Run } from "../../scripts/lib/deploy/run.ts";
import { render, type KubernetesObject } from "../../scripts/lib/render.ts";
import { sourcesOf } from "../../scripts/lib/rollout/feed.ts";
import { fakeCluster } from "../fake-cluster.ts";

// What a deploy asks for outside of its namespace is what docs/production.md has a ClusterRole for, and no more.

const { rules } = load(/<<'end'\n(.*?\nkind: ClusterRole\n.*?)^end$/ms.exec(readFileSync("docs/production.md", "utf8"))![1]!) as IClusterRole;

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));

/** A cluster that lets somebody with the documented rights do what those say, and anything in the namespace. */
function guarded() {
  const cluster = fakeCluster({ objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: prod.namespace } }] });
  const used = new Set<string>();
  const ask = async (verb: string, kind: KindOf, name?: string) => {
    const resource = await cluster.resource(kind);
    if (!resource || resource.namespaced) return;
    const group = kind.apiVersion.includes("/") ? kind.apiVersion.split("/")[0]! : "";
    const allowed = rules!.findIndex(({ apiGroups, resources, resourceNames, verbs }) => apiGroups!.includes(group) && resources!.includes(resource.plural) && verbs.includes(verb) && (!resourceNames || (name !== undefined && resourceNames.includes(name))));
    if (allowed < 0) throw new ApiError(403, "Forbidden", `may not ${verb} ${resource.plural} ${name ?? ""}`);
    used.add(`${allowed} ${verb} ${name ?? ""}`);
  };
  return {
    used,
    ask,
    cluster: {
      ...cluster,
      get: async (object: KubernetesObject) => (await ask("get", object, object.metadata.name), cluster.get(object)),
      list: async (kind: KindOf, options?: object) => (await ask("list", kind), cluster.list(kind, options)),
      async apply(object: KubernetesObject, options: Parameters<typeof cluster.apply>[1]) {
        await ask("patch", object, object.metadata.name);
        if (!(await cluster.get(object))) await ask("create", object, object.metadata.name);
        return cluster.apply(object, options);
      },
    } as typeof cluster,
  };
}

it("the documented rights are enough for a first deploy and a second, and each is needed", async () => {
  const { cluster, used, ask } = guarded();
  await identityOfCluster(cluster);
  const objects = prepare(render(prod, { VALKEY_PASSWORD: "a-password-of-letters" }), "shop.prod", new Map());
  const run: Run = {
    environment: prod,
    cluster,
    store: { owner: "shop.prod", namespace: prod.namespace, name: prod.name },
    source: async () => ({ by: "Ann", holder: "Ann on laptop", beside: [] }),
    signal: new AbortController().signal,
    options: {},
    wait: async (_, waitedFor) => {
      for (const { needed, namespace, ...kind } of sourcesOf(waitedFor)) if (needed && namespace === undefined) for (const verb of ["list", "watch"]) await ask(verb, kind);
    },
  };
  const goal = { objects, images: {} };
  await carryOut(run, goal, await makePlan(run, goal));
  expect(isDone(await makePlan(run, goal))).toBe(true);

  const granted = rules!.flatMap(({ resourceNames = [""], verbs }, index) => resourceNames.flatMap((name) => verbs.map((verb) => `${index} ${verb} ${name}`)));
  expect([...used].sort()).toEqual(granted.sort());
});
