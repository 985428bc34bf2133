import { EventEmitter, on } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { ApiError, type Cluster, type KindOf, type ListOptions, type Reference, type Resource, type WatchEvent } from "../scripts/lib/cluster.ts";
import type { KubernetesObject } from "../scripts/lib/render.ts";
import { applied, updated } from "./fake-apply.ts";

/** Sees each object before it is stored: returns it, changed (defaults, webhooks) or not, or throws an ApiError. */
type Admit = (object: KubernetesObject, live: KubernetesObject | undefined, dryRun: boolean) => KubernetesObject | void;

export interface FakeCluster extends Cluster {
  /** Every object that is there, by `Kind namespace/name`. */
  readonly objects: Map<string, KubernetesObject>;
  /** What was asked, in order: "apply Deployment dev/web", "apply --dry-run Deployment dev/web", "delete …". No reads. */
  readonly writes: string[];
  /** Changes an object as somebody else would: a controller, or a person with kubectl edit. */
  edit(reference: Reference, change: (object: any) => void, manager?: string): void;
  /** Removes at once, as somebody else. */
  remove(reference: Reference): void;
  /** What `logs` answers, by `namespace/pod/container`, with `/previous` behind for the container before a restart. */
  readonly logTexts: Map<string, string>;
}

const builtIn = `v1 Namespace! Node! PersistentVolume! Pod Service ServiceAccount ConfigMap Secret PersistentVolumeClaim Event Endpoints ResourceQuota
apps/v1 Deployment StatefulSet DaemonSet ReplicaSet
batch/v1 Job CronJob
autoscaling/v2 HorizontalPodAutoscaler
policy/v1 PodDisruptionBudget
networking.k8s.io/v1 Ingress NetworkPolicy IngressClass!
rbac.authorization.k8s.io/v1 Role RoleBinding ClusterRole! ClusterRoleBinding!
coordination.k8s.io/v1 Lease
storage.k8s.io/v1 StorageClass!
apiextensions.k8s.io/v1 CustomResourceDefinition!`;
export const certManager = "cert-manager.io/v1 Certificate CertificateRequest Issuer ClusterIssuer!";

const kinds = (text: string): Resource[] =>
  text.split("\n").flatMap((line) => {
    const [apiVersion, ...names] = line.trim().split(" ");
    return names.map((name) => ({ apiVersion: apiVersion!, kind: name.replace("!", ""), plural: `${name.replace("!", "").toLowerCase()}s`, namespaced: !name.endsWith("!") }));
  });

/**
 * An API server in memory: namespaces must exist, resourceVersion and generation move only when something changes, dry
 * runs, server-side apply with conflicts, watches. No controllers: tests play those with `edit`.
 * @param objects what is there; kube-system always is
 */
export function fakeCluster({ context = "kind-dev", server = "https://127.0.0.1:6443", objects = [] as KubernetesObject[], known = [builtIn, certManager], admit = (() => {}) as Admit } = {}): FakeCluster {
  const resources = known.flatMap(kinds);
  const stored = new Map<string, KubernetesObject>();
  const writes: string[] = [];
  const logTexts = new Map<string, string>();
  const changes = new EventEmitter().setMaxListeners(0);
  let version = 100;

  const meta = (object: KubernetesObject) => object.metadata as KubernetesObject["metadata"] & Record<string, any>;
  const find = (kind: KindOf) => {
    for (const object of stored.values()) {
      const { group, versions, names, scope } = (object.kind === "CustomResourceDefinition" ? object["spec"] : {}) as any;
      if (versions?.some((entry: any) => `${group}/${entry.name}` === kind.apiVersion) && names.kind === kind.kind)
        return { ...kind, plural: names.plural as string, namespaced: scope === "Namespaced" };
    }
    return resources.find(({ apiVersion, kind: name }) => apiVersion === kind.apiVersion && name === kind.kind);
  };
  const resourceOf = (kind: KindOf) => {
    const found = find(kind);
    if (!found) throw new ApiError(404, "NoKindMatch", `the cluster knows no ${kind.kind} of ${kind.apiVersion}`);
    return found;
  };
  const keyOf = (reference: Reference) => {
    const { namespaced } = resourceOf(reference);
    const namespace = namespaced ? `${reference.metadata.namespace ?? "default"}/` : "";
    return `${reference.kind} ${namespace}${reference.metadata.name}`;
  };
  const emit = (type: WatchEvent["type"], object: KubernetesObject) => changes.emit("change", { type, object: structuredClone(object) });

  function store(next: KubernetesObject, dryRun: boolean, { quiet = false } = {}): KubernetesObject {
    const key = keyOf(next);
    const live = stored.get(key);
    const { namespaced } = resourceOf(next);
    if (namespaced) meta(next).namespace ??= "default";
    const namespace = next.metadata.namespace;
    if (namespaced && namespace !== "default" && !stored.has(`Namespace ${namespace}`))
      throw new ApiError(404, "NotFound", `namespaces ${JSON.stringify(namespace)} not found`);
    const before = live ? { ...live, metadata: { ...live.metadata } } : undefined;
    const result = quiet ? next : (admit(structuredClone(next), before, dryRun) ?? next);
    const same = live && isDeepStrictEqual(JSON.parse(JSON.stringify(live)), JSON.parse(JSON.stringify({ ...result, metadata: { ...result.metadata, resourceVersion: meta(live).resourceVersion } })));
    if (same) return structuredClone(live);
    const old = live && meta(live);
    Object.assign(result.metadata, {
      uid: old?.uid ?? (dryRun ? "dry-run" : `uid-${++version}`),
      creationTimestamp: old?.creationTimestamp ?? "2026-01-01T00:00:00Z",
      resourceVersion: dryRun ? old?.resourceVersion : String(++version),
      ...("spec" in result && { generation: (old?.generation ?? 0) + (live && isDeepStrictEqual(live["spec"], result["spec"]) ? 0 : 1) }),
    });
    if (dryRun) return structuredClone(result);
    stored.set(key, result);
    emit(live ? "MODIFIED" : "ADDED", result);
    return structuredClone(result);
  }
  function drop(key: string): void {
    const object = stored.get(key);
    if (!object) return;
    stored.delete(key);
    Object.assign(object.metadata, { resourceVersion: String(++version) });
    emit("DELETED", object);
    const inside = object.kind === "Namespace" ? ` ${object.metadata.name}/` : undefined;
    if (inside) for (const other of [...stored.keys()]) if (other.includes(inside)) drop(other);
  }
  const matches = (object: KubernetesObject, kind: KindOf, { namespace, labelSelector, fieldSelector }: ListOptions) =>
    object.apiVersion === kind.apiVersion &&
    object.kind === kind.kind &&
    (namespace === undefined || object.metadata.namespace === undefined || object.metadata.namespace === namespace) &&
    (labelSelector?.split(",") ?? []).every((term) => {
      const [name, value] = term.split("=");
      return value === undefined ? object.metadata.labels?.[name!] !== undefined : object.metadata.labels?.[name!] === value;
    }) &&
    (fieldSelector?.split(",") ?? []).every((term) => {
      const [path, value] = term.split("=");
      return String(path!.split(".").reduce<any>((at, name) => at?.[name], object)) === value;
    });

  for (const object of [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } }, ...objects])
    store(updated(undefined, structuredClone(object), "test"), false, { quiet: true });

  const log = (verb: string, object: Reference, dryRun?: boolean) => writes.push(`${verb}${dryRun ? " --dry-run" : ""} ${keyOf(object)}`);
  return {
    context,
    server,
    objects: stored,
    writes,
    logTexts,
    async request(method, path) {
      if (method === "GET" && path === "/version") return { gitVersion: "v1.36.1" };
      throw new ApiError(404, "NotFound", `the fake knows no ${method} ${path}`);
    },
    resource: async (kind) => find(kind),
    async get(reference) {
      const object = find(reference) && stored.get(keyOf(reference));
      return object && structuredClone(object);
    },
    async list(kind, options = {}) {
      const items = [...stored.values()].filter((object) => matches(object, kind, options));
      return { items: structuredClone(items), resourceVersion: String(version) };
    },
    async create(object, { dryRun = false, fieldManager = "test" } = {}) {
      log("create", object, dryRun);
      if (stored.has(keyOf(object))) throw new ApiError(409, "AlreadyExists", `${keyOf(object)} already exists`);
      return store(updated(undefined, structuredClone(object), fieldManager), dryRun);
    },
    async update(object, { dryRun = false, fieldManager = "test" } = {}) {
      log("update", object, dryRun);
      const live = stored.get(keyOf(object));
      if (!live) throw new ApiError(404, "NotFound", `${keyOf(object)} not found`);
      const expected = meta(object).resourceVersion;
      if (expected !== undefined && expected !== meta(live).resourceVersion)
        throw new ApiError(409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");
      return store(updated(live, structuredClone(object), fieldManager), dryRun);
    },
    async apply(object, { dryRun = false, fieldManager, force = false }) {
      log("apply", object, dryRun);
      return store(applied(stored.get(keyOf(object)), structuredClone(object), fieldManager, force), dryRun);
    },
    async delete(reference, { dryRun = false, uid } = {}) {
      const object = find(reference) && stored.get(keyOf(reference));
      if (!object) return false;
      log("delete", reference, dryRun);
      if (uid !== undefined && uid !== meta(object).uid) throw new ApiError(409, "Conflict", "the UID in the precondition does not match");
      if (!dryRun) drop(keyOf(reference));
      return true;
    },
    async *watch(kind, { resourceVersion, signal, ...options } = {}) {
      resourceOf(kind);
      const events = on(changes, "change", { signal });
      if (resourceVersion === undefined)
        for (const object of [...stored.values()]) if (matches(object, kind, options)) yield { type: "ADDED", object: structuredClone(object) };
      try {
        for await (const [event] of events as AsyncIterable<[WatchEvent]>) if (matches(event.object, kind, options)) yield event;
      } catch (error) {
        throw signal?.aborted ? signal.reason : error;
      }
    },
    async logs({ namespace, name }, { container = "", previous, tailLines } = {}) {
      const text = logTexts.get(`${namespace}/${name}/${container}${previous ? "/previous" : ""}`);
      if (text === undefined) throw new ApiError(400, "BadRequest", `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start`);
      return tailLines === undefined ? text : `${text.trimEnd().split("\n").slice(-tailLines).join("\n")}\n`;
    },
    async *followLogs(pod, options = {}) {
      yield* (await this.logs(pod, options)).trimEnd().split("\n");
    },
    edit(reference, change, manager = "kubectl-edit") {
      const live = stored.get(keyOf(reference));
      if (!live) throw new Error(`nothing to edit at ${keyOf(reference)}`);
      const next = structuredClone(live);
      change(next);
      store(updated(live, next, manager), false, { quiet: true });
    },
    remove: (reference) => drop(keyOf(reference)),
    async close() {},
  };
}
