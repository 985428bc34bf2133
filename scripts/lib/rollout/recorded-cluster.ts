import { readFileSync } from "node:fs";
import type { Cluster, KindOf, ListOptions, WatchEvent } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";

// Plays back what a real cluster reported (recordings/*.json), for tests: lists and watches as they were, logs as they were.

export interface Recording {
  /** What was applied at the beginning. */
  readonly objects: KubernetesObject[];
  /** By `pod/container`, with `/previous` behind for the container before a restart. `@4.5 text`: written at that second. */
  readonly logs: Record<string, string>;
  /** Each object whole at first, then what changed (JSON merge patch); `gone` when it was deleted. Seconds since the start. */
  readonly steps: readonly Step[];
}
interface Step {
  readonly at: number;
  readonly object: string;
  readonly set?: Record<string, any>;
  readonly gone?: true;
}

export const recording = (name: string): Recording => JSON.parse(readFileSync(new URL(`recordings/${name}.json`, import.meta.url), "utf8")) as Recording;

/** A cluster in which the recording begins now; time is that of Date and setTimeout, which tests replace. */
export function recordedCluster({ steps, logs }: Recording): Cluster {
  const began = Date.now();
  const changes: { at: number; event: WatchEvent }[] = [];
  const known = new Map<string, KubernetesObject>();
  for (const { at, object, set, gone } of steps) {
    const before = known.get(object);
    const after = set ? (merge(before ?? {}, set) as KubernetesObject) : before!;
    known.set(object, after);
    changes.push({ at, event: { type: gone ? "DELETED" : before ? "MODIFIED" : "ADDED", object: after } });
  }
  const elapsed = () => (Date.now() - began) / 1000;
  const until = (at: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => reject(signal!.reason);
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop, { once: true });
      if (at < Infinity) setTimeout(resolve, Math.max(0, (at - elapsed()) * 1000));
    });
  const concerns = ({ event: { object } }: (typeof changes)[number], { kind, apiVersion }: KindOf, namespace?: string) =>
    object.kind === kind && object.apiVersion === apiVersion && (namespace === undefined || object.metadata.namespace === namespace);

  async function* written(key: string, signal?: AbortSignal): AsyncGenerator<string> {
    for (const line of (logs[key] ?? "").split("\n")) {
      const [, at, text] = /^@([\d.]+) (.*)$/.exec(line) ?? [];
      if (at) await until(Number(at), signal);
      yield text ?? line;
    }
  }

  const cluster: Partial<Cluster> = {
    context: "recorded",
    server: "https://recorded.example.com",
    async get({ metadata: { name, namespace }, ...kind }) {
      return (await cluster.list!(kind, { namespace })).items.find(({ metadata }) => metadata.name === name);
    },
    async list(kind: KindOf, { namespace }: ListOptions = {}) {
      const there = new Map<string, KubernetesObject>();
      const past = changes.filter(({ at }) => at <= elapsed());
      for (const change of past)
        if (concerns(change, kind, namespace)) {
          if (change.event.type === "DELETED") there.delete(change.event.object.metadata.name);
          else there.set(change.event.object.metadata.name, change.event.object);
        }
      return { items: structuredClone([...there.values()]), resourceVersion: String(past.length + 1) };
    },
    async *watch(kind, { namespace, resourceVersion, signal } = {}) {
      for (const change of changes.slice(Number(resourceVersion ?? 1) - 1)) {
        if (!concerns(change, kind, namespace)) continue;
        await until(change.at, signal);
        yield structuredClone(change.event);
      }
      await until(Infinity, signal);
    },
    logs: async ({ name }, { container, previous } = {}) => logs[`${name}/${container}${previous ? "/previous" : ""}`] ?? logs[`${name}/${container}`] ?? "",
    followLogs: ({ name }, { container, signal } = {}) => written(`${name}/${container}`, signal),
  };
  return cluster as Cluster;
}

/** https://www.rfc-editor.org/rfc/rfc7386 */
function merge(before: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = before !== null && typeof before === "object" && !Array.isArray(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  return result;
}
