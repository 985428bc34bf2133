import { setMaxListeners } from "node:events";
import type { Agent, IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "../render.ts";
import { ApiError } from "./api-error.ts";

// An import would evaluate every export of it, WebSocket among them, for which Node loads all of undici: 25 ms of 300.
const http = process.getBuiltinModule("node:http");

export type KindOf = { readonly apiVersion: string; readonly kind: string };
/** Enough to find one object; every whole object is a reference too. */
export type Reference = KindOf & { readonly metadata: { readonly name: string; readonly namespace?: string } };
/** How the API server calls a kind. */
export interface Resource extends KindOf {
  readonly plural: string;
  readonly namespaced: boolean;
}
export interface ListOptions {
  /** Without one: of all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}
export interface WriteOptions {
  /** The server checks and answers as if it did it, and does nothing. */
  dryRun?: boolean;
  fieldManager?: string;
}
export interface LogOptions {
  container?: string;
  /** Of the container before the last restart. */
  previous?: boolean;
  tailLines?: number;
  timestamps?: boolean;
}
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubernetesObject;
}

/** One context's API server as plain functions, so that tests fake it. All reject with ApiError. */
export interface Cluster {
  readonly context: string;
  /** The server's address in the kubeconfig. */
  readonly server: string;
  /** @returns the parsed JSON answer. `path` is everything after the server's address. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>;
  /** @returns undefined when the object, its namespace or its kind does not exist */
  get(reference: Reference): Promise<KubernetesObject | undefined>;
  /** @returns items with apiVersion and kind (which servers leave out); none when the kind does not exist */
  list(kind: KindOf, options?: ListOptions): Promise<{ items: KubernetesObject[]; resourceVersion: string }>;
  create(object: KubernetesObject, options?: WriteOptions): Promise<KubernetesObject>;
  /** Replaces; refused with 409 when `metadata.resourceVersion` is set and no longer the latest. */
  update(object: KubernetesObject, options?: WriteOptions): Promise<KubernetesObject>;
  /** Server-side apply, with strict validation. Conflicts: code 409, one cause per field. */
  apply(object: KubernetesObject, options: WriteOptions & { fieldManager: string; force?: boolean }): Promise<KubernetesObject>;
  /** @returns whether it was there. The object may be there still: finalizers and dependants take their time. */
  delete(reference: Reference, options?: DeleteOptions): Promise<boolean>;
  /**
   * First everything that is there as ADDED, then changes, for ever; reconnects by itself. With `resourceVersion` (of a
   * list) changes after that only. 410 means that events were lost: begin again.
   */
  watch(kind: KindOf, options?: ListOptions & { resourceVersion?: string; signal?: AbortSignal }): AsyncGenerator<WatchEvent>;
  logs(pod: { namespace: string; name: string }, options?: LogOptions): Promise<string>;
  /** Lines as they are written, until the container ends or `signal` is aborted. */
  followLogs(pod: { namespace: string; name: string }, options?: LogOptions & { signal?: AbortSignal }): AsyncGenerator<string>;
  /** @returns undefined for a kind that the server does not know. Known ones are remembered, unknown ones asked again. */
  resource(kind: KindOf): Promise<Resource | undefined>;
  close(): Promise<void>;
}
export interface DeleteOptions {
  dryRun?: boolean;
  propagation?: "Foreground" | "Background" | "Orphan";
  /** Only this very object; another of its name answers 409. */
  uid?: string;
}

interface Connection {
  context: string;
  server: string;
  socketPath: string;
  signal?: AbortSignal;
  close: () => Promise<void>;
}

/** @returns the API behind a Unix socket that needs no login. */
export function openApi({ context, server, socketPath, signal, close }: Connection): Cluster {
  // More at a time gain nothing: API servers queue them.
  const requests = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const streams = new http.Agent({ keepAlive: false });
  const groups = new Map<string, Promise<Resource[] | undefined>>();
  // Every request under way listens to it: Node takes more than ten for a leak.
  if (signal) setMaxListeners(0, signal);

  const open = (method: string, path: string, { body, contentType = "application/json", agent = requests, signal }: Call = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers = { host: "localhost", accept: "application/json", ...(payload !== undefined && { "content-type": contentType, "content-length": Buffer.byteLength(payload) }) };
      const sent = http.request({ socketPath, method, path, headers, agent, signal }, resolve);
      sent.on("error", (error: NodeJS.ErrnoException) => {
        if (signal?.aborted) return reject(signal.reason);
        // A connection that the other side closed while it lay idle: nothing was done, so it may be asked again.
        if (sent.reusedSocket && error.code === "ECONNRESET") return open(method, path, { body, contentType, agent, signal }).then(resolve, reject);
        reject(new ApiError(0, "NoAnswer", `no answer from ${server}: ${error.message}`, { cause: error }));
      });
      sent.end(payload);
    });

  const ask = async (method: string, path: string, call: Call = {}): Promise<unknown> => {
    for (let attempt = 1; ; attempt++) {
      const response = await open(method, path, call);
      const text = await readAll(response);
      if (response.statusCode! < 300) return JSON.parse(text);
      const error = ApiError.from(response.statusCode!, text);
      // Servers ask for patience with 429, and nothing was done then.
      if (error.code !== 429 || attempt === 5) throw error;
      await sleep(1000 * (error.retryAfterSeconds ?? (Number(response.headers["retry-after"]) || 1)), undefined, { signal: call.signal });
    }
  };
  const request: Cluster["request"] = (method, path, body, contentType) =>
    ask(method, path, { body, contentType, signal: method === "GET" ? signal : undefined });

  const resource: Cluster["resource"] = async ({ apiVersion, kind }) => {
    let known = groups.get(apiVersion);
    if (!known) groups.set(apiVersion, (known = discover(ask, apiVersion)));
    const found = (await known.catch((error) => (groups.delete(apiVersion), Promise.reject(error))))?.find((entry) => entry.kind === kind);
    if (!found) groups.delete(apiVersion);
    return found;
  };

  const collection = async (kind: KindOf, namespace: string | undefined) => {
    const known = await resource(kind);
    if (!known) throw new ApiError(404, "NoKindMatch", `the cluster knows no ${kind.kind} of ${kind.apiVersion}`);
    const inNamespace = known.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    return `${root(kind.apiVersion)}${inNamespace}/${known.plural}`;
  };
  const address = async (reference: Reference) =>
    `${await collection(reference, reference.metadata.namespace ?? "default")}/${encodeURIComponent(reference.metadata.name)}`;
  const write = (method: string, path: string, options: WriteOptions & { force?: boolean }, body: unknown, contentType?: string) =>
    request(method, path + query({ fieldValidation: "Strict", fieldManager: options.fieldManager, force: options.force, dryRun: options.dryRun ? "All" : undefined }), body, contentType) as Promise<KubernetesObject>;

  const lines = async function* (path: string, end: AbortSignal | undefined): AsyncGenerator<string> {
    const response = await open("GET", path, { agent: streams, signal: end });
    if (response.statusCode! >= 300) throw ApiError.from(response.statusCode!, await readAll(response));
    let rest = "";
    try {
      for await (const chunk of response.setEncoding("utf8")) {
        const parts: string[] = (rest + chunk).split("\n");
        rest = parts.pop()!;
        yield* parts;
      }
    } catch (error) {
      if (end?.aborted) throw end.reason;
      if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    }
    if (rest !== "") yield rest;
  };
  const either = (own: AbortSignal | undefined) => (own && signal ? AbortSignal.any([own, signal]) : (own ?? signal));
  const logPath = (pod: { namespace: string; name: string }, options: LogOptions, follow?: boolean) =>
    `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log` +
    query({ container: options.container, previous: options.previous, tailLines: options.tailLines, timestamps: options.timestamps, follow });

  return {
    context,
    server,
    request,
    resource,
    async get(reference) {
      try {
        return (await request("GET", await address(reference))) as KubernetesObject;
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return undefined;
        throw error;
      }
    },
    async list(kind, { namespace, labelSelector, fieldSelector } = {}) {
      if (!(await resource(kind))) return { items: [], resourceVersion: "" };
      const items: KubernetesObject[] = [];
      for (let next: string | undefined; ; ) {
        const path = (await collection(kind, namespace)) + query({ labelSelector, fieldSelector, limit: 500, continue: next });
        const page = (await request("GET", path)) as { items: KubernetesObject[]; metadata: { resourceVersion: string; continue?: string } };
        for (const item of page.items) items.push({ ...item, apiVersion: kind.apiVersion, kind: kind.kind });
        next = page.metadata.continue;
        if (!next) return { items, resourceVersion: page.metadata.resourceVersion };
      }
    },
    create: async (object, options = {}) => write("POST", await collection(object, object.metadata.namespace ?? "default"), options, object),
    update: async (object, options = {}) => write("PUT", await address(object), options, object),
    // Every JSON document is a YAML document.
    apply: async (object, options) => write("PATCH", await address(object), options, object, "application/apply-patch+yaml"),
    async delete(reference, { dryRun, propagation = "Background", uid } = {}) {
      const options = { propagationPolicy: propagation, ...(dryRun && { dryRun: ["All"] }), ...(uid && { preconditions: { uid } }) };
      try {
        await request("DELETE", await address(reference), options);
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return false;
        throw error;
      }
    },
    async *watch(kind, { namespace, labelSelector, fieldSelector, resourceVersion, signal: own } = {}) {
      const path = await collection(kind, namespace);
      for (let last = resourceVersion; ; ) {
        for await (const line of lines(path + query({ watch: true, allowWatchBookmarks: true, labelSelector, fieldSelector, resourceVersion: last }), either(own))) {
          const event = JSON.parse(line) as WatchEvent | { type: "ERROR"; object: unknown };
          if (event.type === "ERROR") throw ApiError.from(500, JSON.stringify(event.object));
          last = (event.object.metadata as { resourceVersion?: string }).resourceVersion ?? last;
          yield event;
        }
        await sleep(100, undefined, { signal: either(own) }).catch(() => {});
        either(own)?.throwIfAborted();
      }
    },
    async logs(pod, options = {}) {
      const response = await open("GET", logPath(pod, options), { signal });
      const text = await readAll(response);
      if (response.statusCode! >= 300) throw ApiError.from(response.statusCode!, text);
      return text;
    },
    followLogs: (pod, options = {}) => lines(logPath(pod, options, true), either(options.signal)),
    async close() {
      requests.destroy();
      streams.destroy();
      await close();
    },
  };
}

interface Call {
  body?: unknown;
  contentType?: string;
  agent?: Agent;
  signal?: AbortSignal;
}

const root = (apiVersion: string) => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const known = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) known.set(name, String(value));
  return known.size === 0 ? "" : `?${known}`;
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

/** Not ended by the signal: a write may need it first. */
async function discover(ask: (method: string, path: string) => Promise<unknown>, apiVersion: string): Promise<Resource[] | undefined> {
  try {
    const { resources } = (await ask("GET", root(apiVersion))) as { resources: { name: string; kind: string; namespaced: boolean }[] };
    return resources
      .filter(({ name }) => !name.includes("/")) // pods/log and the like
      .map(({ name, kind, namespaced }) => ({ apiVersion, kind, plural: name, namespaced }));
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}
