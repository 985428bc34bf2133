import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../scripts/lib/cluster.ts";
import type { KubernetesObject } from "../scripts/lib/render.ts";

// Server-side apply as an API server does it, near enough for tests: who owns which field, conflicts, and fields that go
// when their last owner leaves them out. https://kubernetes.io/docs/reference/using-api/server-side-apply/

/** `f:name` of a map, `k:{"name":"x"}` of a list with keys, `.` the item itself: the words of managedFields. */
type Path = readonly string[];
type Fields = Map<string, Path>;
interface Owner {
  manager: string;
  operation: "Apply" | "Update";
  fields: Fields;
}

/** Lists whose items are told apart by keys; all others are one value. */
const listKeys: Record<string, readonly string[]> = {
  containers: ["name"],
  initContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  conditions: ["type"],
};
const keysOf = (field: string, items: readonly unknown[]): readonly string[] | undefined =>
  field === "ports"
    ? items.some((item) => (item as object | null) && "containerPort" in (item as object))
      ? ["containerPort"]
      : ["port"]
    : listKeys[field];

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const itemKey = (item: unknown, keys: readonly string[]) =>
  `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, (item as Record<string, unknown>)[key]])))}`;

/** Every field that holds a value, by where it is. */
function leaves(value: unknown, path: Path = [], found: Map<string, { path: Path; value: unknown }> = new Map()) {
  const add = (path: Path, value: unknown) => found.set(path.join("\0"), { path, value });
  const keys = Array.isArray(value) ? keysOf(path.at(-1)?.slice(2) ?? "", value) : undefined;
  if (isMap(value) && Object.keys(value).length > 0) for (const [name, inner] of Object.entries(value)) leaves(inner, [...path, `f:${name}`], found);
  else if (Array.isArray(value) && keys)
    for (const item of value) {
      add([...path, itemKey(item, keys), "."], undefined);
      leaves(item, [...path, itemKey(item, keys)], found);
    }
  else add(path, value);
  return found;
}

/** What nobody owns: names, and what the server writes itself. */
function owned(object: KubernetesObject) {
  const { apiVersion: _, kind: __, status: ___, metadata, ...rest } = object;
  const { labels, annotations } = metadata;
  const found = leaves({ ...rest, metadata: { ...(labels && { labels }), ...(annotations && { annotations }) } });
  found.delete("f:metadata");
  return found;
}

function put(target: Record<string, unknown>, path: Path, value: unknown): void {
  let at: unknown = target;
  for (const [index, segment] of path.entries()) {
    const last = index === path.length - 1;
    if (segment === ".") return;
    if (segment.startsWith("k:")) {
      const key = JSON.parse(segment.slice(2)) as object;
      const list = at as unknown[];
      let item = list.find((item) => itemKey(item, Object.keys(key)) === segment);
      if (!item) list.push((item = { ...key }));
      at = item;
    } else {
      const map = at as Record<string, unknown>;
      const name = segment.slice(2);
      if (last) map[name] = value;
      else map[name] ??= path[index + 1]!.startsWith("k:") ? [] : {};
      at = map[name];
    }
  }
}

function remove(target: unknown, path: Path): void {
  const [segment, ...rest] = path;
  if (segment!.startsWith("k:")) {
    const list = target as unknown[];
    const index = list.findIndex((item) => itemKey(item, Object.keys(JSON.parse(segment!.slice(2)))) === segment);
    if (index < 0) return;
    if (rest[0] === ".") list.splice(index, 1);
    else remove(list[index], rest);
  } else if (isMap(target)) {
    const name = segment!.slice(2);
    if (rest.length === 0) delete target[name];
    else if (target[name] !== undefined) remove(target[name], rest);
    if (isMap(target[name]) && Object.keys(target[name]).length === 0) delete target[name];
  }
}

/** @returns a path as API servers name it in conflicts: `.spec.containers[name="web"].image` */
const shown = (path: Path) =>
  path
    .filter((segment) => segment !== ".")
    .map((segment) => (segment.startsWith("f:") ? `.${segment.slice(2)}` : `[${Object.entries(JSON.parse(segment.slice(2))).map(([key, value]) => `${key}=${JSON.stringify(value)}`)}]`))
    .join("");

interface ManagedField {
  manager: string;
  operation: "Apply" | "Update";
  fieldsV1: Record<string, unknown>;
}

function ownersOf(object: KubernetesObject | undefined): Owner[] {
  const entries = (object?.metadata as { managedFields?: ManagedField[] } | undefined)?.managedFields ?? [];
  return entries.map(({ manager, operation, fieldsV1 }) => {
    const fields: Fields = new Map();
    const walk = (tree: Record<string, unknown>, path: Path) => {
      if (Object.keys(tree).length === 0) fields.set(path.join("\0"), path);
      for (const [segment, inner] of Object.entries(tree)) walk(inner as Record<string, unknown>, [...path, segment]);
    };
    walk(fieldsV1, []);
    return { manager, operation, fields };
  });
}

function managed(apiVersion: string, owners: readonly Owner[]) {
  return owners
    .filter(({ fields }) => fields.size > 0)
    .toSorted((a, b) => (a.manager + a.operation < b.manager + b.operation ? -1 : 1))
    .map(({ manager, operation, fields }) => {
      const fieldsV1 = {};
      for (const path of fields.values()) path.reduce<Record<string, Record<string, never>>>((tree, segment) => (tree[segment] ??= {}), fieldsV1);
      return { manager, operation, apiVersion, fieldsType: "FieldsV1", fieldsV1 };
    });
}

/** @throws ApiError 409 with one cause per field that another manager owns and that would change */
export function applied(live: KubernetesObject | undefined, wanted: KubernetesObject, manager: string, force: boolean): KubernetesObject {
  const result = structuredClone(live ?? { apiVersion: wanted.apiVersion, kind: wanted.kind, metadata: { name: wanted.metadata.name, namespace: wanted.metadata.namespace } });
  const owners = ownersOf(live);
  const mine = owners.find((owner) => owner.manager === manager && owner.operation === "Apply");
  const others = owners.filter((owner) => owner !== mine);
  const now = live ? owned(live) : new Map();
  const next = owned(wanted);
  const conflicts = [];
  for (const [key, { path, value }] of next)
    for (const other of others) {
      if (!other.fields.has(key) || isDeepStrictEqual(now.get(key)?.value, value)) continue;
      if (force) other.fields.delete(key);
      else conflicts.push({ reason: "FieldManagerConflict", message: `conflict with ${JSON.stringify(other.manager)} using ${wanted.apiVersion}`, field: shown(path) });
    }
  if (conflicts.length > 0) throw new ApiError(409, "Conflict", `Apply failed with ${conflicts.length} conflicts`, { causes: conflicts });
  for (const [key, path] of mine?.fields ?? []) if (!next.has(key) && !others.some((other) => other.fields.has(key))) remove(result, path);
  for (const { path, value } of next.values()) put(result, path, structuredClone(value));
  const fields: Fields = new Map([...next].map(([key, { path }]) => [key, path]));
  Object.assign(result.metadata, { managedFields: managed(wanted.apiVersion, [...others, { manager, operation: "Apply", fields }]) });
  return result;
}

/** A write that replaces: its manager now owns what it changed. */
export function updated(live: KubernetesObject | undefined, wanted: KubernetesObject, manager: string): KubernetesObject {
  const owners = ownersOf(live);
  const now = live ? owned(live) : new Map();
  const changed = [...owned(wanted)].filter(([key, { value }]) => !now.has(key) || !isDeepStrictEqual(now.get(key)?.value, value));
  const left = [...now.keys()].filter((key) => !owned(wanted).has(key));
  for (const owner of owners) for (const key of [...changed.map(([key]) => key), ...left]) owner.fields.delete(key);
  let mine = owners.find((owner) => owner.manager === manager && owner.operation === "Update");
  if (!mine) owners.push((mine = { manager, operation: "Update", fields: new Map() }));
  for (const [key, { path }] of changed) mine.fields.set(key, path);
  return { ...structuredClone(wanted), metadata: { ...structuredClone(wanted.metadata), managedFields: managed(wanted.apiVersion, owners) } as KubernetesObject["metadata"] };
}
