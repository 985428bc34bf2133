import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Cluster, type KindOf } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { hasEnded, keyOf, type Facts, type Live } from "./facts.ts";

// Keeps the facts up to date: one list, then a watch, per kind and namespace.

export interface Feed {
  /** Everything was listed once. Rejects when a kind that can't be done without may not be read. */
  readonly complete: Promise<void>;
  /** Kinds that may not be read, though they would explain failures. */
  readonly hidden: readonly string[];
  /** Why a watch that is needed ended for good, if one did. */
  lost(): unknown;
}

interface Source extends KindOf {
  readonly namespace: string | undefined;
  /** Without it there is no telling when the rollout is done. */
  readonly needed: boolean;
}

const workloads: readonly KindOf[] = ["Deployment", "StatefulSet", "DaemonSet"].map((kind) => ({ apiVersion: "apps/v1", kind }));
const explaining: readonly KindOf[] = [
  { apiVersion: "v1", kind: "Pod" },
  { apiVersion: "v1", kind: "Event" },
  { apiVersion: "apps/v1", kind: "ReplicaSet" },
  { apiVersion: "v1", kind: "PersistentVolumeClaim" },
];
const certificates: readonly KindOf[] = [
  { apiVersion: "cert-manager.io/v1", kind: "CertificateRequest" },
  { apiVersion: "cert-manager.io/v1", kind: "Issuer" },
  { apiVersion: "acme.cert-manager.io/v1", kind: "Order" },
  { apiVersion: "acme.cert-manager.io/v1", kind: "Challenge" },
];
const followed = new Set([...workloads.map(({ kind }) => kind), "Job", "Pod", "PersistentVolumeClaim", "Certificate", "Issuer", "ClusterIssuer", "CustomResourceDefinition"]);

/** Whether anything has to happen after an object of this kind was applied. */
export const isFollowed = ({ kind }: { kind: string }) => followed.has(kind);

/** @returns what to watch for these objects and no more */
export function sourcesOf(objects: readonly KubernetesObject[]): Source[] {
  const sources = new Map<string, Source>();
  const add = ({ apiVersion, kind }: KindOf, namespace: string | undefined, needed: boolean) => {
    const key = `${apiVersion} ${kind} ${namespace}`;
    sources.set(key, { apiVersion, kind, namespace, needed: needed || (sources.get(key)?.needed ?? false) });
  };
  for (const object of objects.filter(isFollowed)) {
    const { namespace } = object.metadata;
    add(object, namespace, true);
    if (namespace === undefined) continue;
    for (const kind of explaining) add(kind, namespace, kind.kind === "Pod");
    if (object.kind !== "Certificate") continue;
    for (const kind of certificates) add(kind, namespace, false);
    add({ apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer" }, undefined, false);
  }
  return [...sources.values()];
}

/**
 * Lists and watches until `signal` is aborted.
 * @param wake called after every change of the facts
 * @param onTrouble called once per outage
 */
export function feed(cluster: Cluster, sources: readonly Source[], facts: Facts, wake: () => void, signal: AbortSignal, onTrouble: (message: string) => void = () => {}): Feed {
  const hidden: string[] = [];
  let lost: unknown;
  let outage = false;
  const firsts = sources.map(
    (source) =>
      new Promise<void>((resolve, reject) => {
        void follow(source, resolve).catch((error: unknown) => {
          if (signal.aborted) return resolve();
          if (!source.needed && error instanceof ApiError && (error.code === 403 || error.code === 404)) {
            if (error.code === 403) hidden.push(source.kind);
            return resolve();
          }
          reject(error);
          lost = error;
          wake();
        });
      }),
  );
  const complete = Promise.all(firsts).then(() => {});
  // Whoever waits gets the error from `complete`; here it must only not count as unhandled.
  complete.catch(() => {});

  async function follow(source: Source, listed: () => void): Promise<void> {
    for (let first = true, pause = 1; !signal.aborted; first = false) {
      try {
        const { items, resourceVersion } = await cluster.list(source, { namespace: source.namespace });
        outage = false;
        const there = new Set(items.map(keyOf));
        for (const known of facts.all(source.kind))
          if (!outlives(known) && (source.namespace === undefined || known.metadata.namespace === source.namespace) && !there.has(keyOf(known))) {
            facts.remove(known);
            wake();
          }
        for (const item of items as Live[]) {
          facts.put(item);
          wake();
        }
        listed();
        if (!resourceVersion) return; // the kind does not exist
        for await (const { type, object } of cluster.watch(source, { namespace: source.namespace, resourceVersion, signal })) {
          pause = 1;
          if (type === "BOOKMARK") continue;
          const live = { ...object, apiVersion: source.apiVersion, kind: source.kind } as Live;
          if (type === "DELETED" && outlives(live)) facts.put({ ...live, metadata: { ...live.metadata, deletionTimestamp: live.metadata.deletionTimestamp ?? "gone" } });
          else if (type === "DELETED") facts.remove(live);
          else facts.put(live);
          wake();
        }
      } catch (error) {
        if (signal.aborted) return;
        // 410: more has happened than the server remembers; the list says it all. Refusals (4xx) do not go away; everything
        // else (a connection that broke, a server that restarts or elects a leader) is tried again until the caller's deadline.
        const { code } = error as ApiError;
        if (first && code !== 410 && (!(error instanceof ApiError) || (code >= 400 && code < 500))) throw error;
        if (code === 403 || code === 404) throw error;
        if (code === 410) continue;
        if (!outage) onTrouble((error as Error).message);
        outage = true;
        await sleep(1000 * pause, undefined, { signal }).catch(() => {});
        pause = Math.min(pause * 2, 10);
      }
    }
  }
  return { complete, hidden, lost: () => lost };
}

/**
 * What stays known after it was deleted. A Job that fails deletes its pods, which alone can say why; and a Job that has ended may
 * be taken away by its own ttlSecondsAfterFinished.
 */
const outlives = (object: Live) => (object.kind === "Job" && hasEnded(object)) || (object.metadata.ownerReferences?.some(({ kind }) => kind === "Job") ?? false);
