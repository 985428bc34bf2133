import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../render.ts";

// managedFields: who an API server holds to be the owner of which field.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management

interface Entry {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion?: string;
  subresource?: string;
  time?: string;
  fieldsV1?: Tree;
}
interface Tree {
  [segment: string]: Tree;
}

const entriesOf = (object: KubernetesObject): Entry[] => (object.metadata as { managedFields?: Entry[] }).managedFields ?? [];

/**
 * @param path as API servers write it in conflicts, or as `shownPath` does: `.spec.template.spec.containers[name="web"].image`
 * @returns the managers that own a field or something in it, the last writer first
 */
export function managersOf(object: KubernetesObject, path: string): string[] {
  const segments = segmentsOf(path);
  const owning = entriesOf(object).filter(({ fieldsV1 }) => fieldsV1 && owns(fieldsV1, segments));
  return [...new Set(owning.toSorted((a, b) => (b.time ?? "").localeCompare(a.time ?? "")).map(({ manager }) => manager))];
}

/** @returns whether a manager owns a field by having applied it */
export const appliedBy = (object: KubernetesObject, manager: string, path: string): boolean =>
  entriesOf(object).some((entry) => entry.manager === manager && entry.operation === "Apply" && owns(entry.fieldsV1 ?? {}, segmentsOf(path)));

/**
 * Whether applying would change nothing, told without asking the server: the fields that a manager owns by having
 * applied them are exactly those that it would apply, and have the same values. Where the server writes values in other
 * words (quantities, defaults within lists that have no keys) the answer is no, and it has to be asked.
 */
export function isApplied(wanted: KubernetesObject, live: KubernetesObject, manager: string): boolean {
  const entry = entriesOf(live).find((one) => one.manager === manager && one.operation === "Apply" && !one.subresource && one.apiVersion === wanted.apiVersion);
  if (!entry?.fieldsV1) return false;
  // What names an object is nobody's field.
  const withoutNames = ({ apiVersion: _, kind: __, metadata: { name: ___, namespace: ____, ...metadata }, ...rest }: KubernetesObject) => (Object.keys(metadata).length > 0 ? { metadata, ...rest } : rest);
  return isSame(withoutNames(wanted), withoutNames(live), entry.fieldsV1);
}

function isSame(wanted: unknown, live: unknown, owned: Tree): boolean {
  const segments = Object.keys(owned).filter((segment) => segment !== ".");
  if (segments.length === 0) return isDeepStrictEqual(wanted, live);
  if (isMap(wanted) && isMap(live))
    return segments.length === Object.keys(wanted).length && segments.every((segment) => segment.startsWith("f:") && Object.hasOwn(wanted, segment.slice(2)) && isSame(wanted[segment.slice(2)], live[segment.slice(2)], owned[segment]!));
  if (!Array.isArray(wanted) || !Array.isArray(live) || segments.length !== wanted.length || !segments.every((segment) => segment.startsWith("k:"))) return false;
  const pairs = segments.map((segment) => {
    const keys = JSON.parse(segment.slice(2)) as Record<string, unknown>;
    // A key may be left out for its default: the protocol of a port.
    const found = wanted.findIndex((item) => isMap(item) && Object.entries(keys).every(([key, value]) => !(key in item) || item[key] === value) && Object.keys(keys).some((key) => key in item));
    return { segment, wanted: found, live: live.findIndex((item, index) => matches({ keys }, item, index)) };
  });
  if (new Set(pairs.map((pair) => pair.wanted)).size !== pairs.length || pairs.some((pair) => pair.wanted < 0 || pair.live < 0)) return false;
  // In the same order: for some lists that matters.
  const order = pairs.toSorted((a, b) => a.wanted - b.wanted);
  return order.every((pair, index) => (index === 0 || order[index - 1]!.live < pair.live) && isSame(wanted[pair.wanted], live[pair.live], owned[pair.segment]!));
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * @param ours a manager whose fields don't count
 * @returns fields that people have added with kubectl: server-side apply leaves those alone, so no plan shows them
 */
export function addedByHand(object: KubernetesObject, ours: string): { path: string; manager: string }[] {
  const byKubectl = entriesOf(object).filter(({ manager, subresource }) => /^kubectl/.test(manager) && !subresource);
  return byKubectl.flatMap(({ manager, fieldsV1 = {} }) =>
    leavesOf(fieldsV1, "")
      .filter((path) => !uninteresting.test(path) && !appliedBy(object, ours, path) && valueAt(object, path) !== undefined)
      .map((path) => ({ path: path.replace(/^\./, ""), manager })),
  );
}

/** What kubectl writes for itself: `rollout restart`, and its copy of what it applied. */
const uninteresting = /restartedAt|last-applied-configuration|change-cause/;

function leavesOf(tree: Tree, path: string): string[] {
  const entries = Object.entries(tree).filter(([segment]) => segment !== ".");
  if (entries.length === 0) return path === "" ? [] : [path];
  return entries.flatMap(([segment, inner]) => {
    const rest = segment.slice(2);
    if (segment.startsWith("f:")) return leavesOf(inner, /^[A-Za-z_][\w-]*$/.test(rest) ? `${path}.${rest}` : `${path}[${JSON.stringify(rest)}]`);
    if (segment.startsWith("k:")) return leavesOf(inner, `${path}[${Object.entries(JSON.parse(rest)).map(([key, value]) => `${key}=${JSON.stringify(value)}`)}]`);
    return [path];
  });
}

/** @returns what an object holds at such a path */
export function valueAt(object: unknown, path: string): unknown {
  return at(object, segmentsOf(path));
}

function at(object: unknown, segments: readonly Segment[]): unknown {
  const [segment] = segments;
  if (!segment) return object;
  if (segment.field === undefined) return Array.isArray(object) ? at(object.find((item, index) => matches(segment, item, index)), segments.slice(1)) : undefined;
  const found = isMap(object) ? fieldsOf(segments).find(({ name }) => Object.hasOwn(object, name)) : undefined;
  return found && at((object as Record<string, unknown>)[found.name], found.rest);
}

/** API servers write names as they are, `.metadata.annotations.nginx.org/x`: the dots may be the name's. The longest comes first. */
function fieldsOf(segments: readonly Segment[]): { name: string; rest: readonly Segment[] }[] {
  const end = segments.findIndex(({ field }) => field === undefined);
  const names = segments.slice(0, end === -1 ? undefined : end).map(({ field }) => field);
  return names.map((_, index) => ({ name: names.slice(0, names.length - index).join("."), rest: segments.slice(names.length - index) }));
}

/** A field of a map, or an item of a list: by its keys, by one value that some key has, or by position. */
interface Segment {
  field?: string;
  keys?: Record<string, unknown>;
  value?: string;
}

function segmentsOf(path: string): Segment[] {
  const segments: Segment[] = [];
  for (const [, quoted, bracket, name] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]|\.?([^.[\]]+)/g)) {
    if (quoted !== undefined) segments.push({ field: JSON.parse(`"${quoted}"`) });
    else if (name !== undefined) segments.push({ field: name });
    else if (/^[A-Za-z]+=/.test(bracket!)) segments.push({ keys: Object.fromEntries([...bracket!.matchAll(/([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^,]+)/g)].map(([, key, value]) => [key, JSON.parse(value!)])) });
    else if (bracket!.startsWith("=")) segments.push({ value: String(JSON.parse(bracket!.slice(1))) });
    else segments.push({ value: bracket! });
  }
  return segments;
}

function matches({ keys, value }: Segment, item: unknown, index: number): boolean {
  const map = item as Record<string, unknown> | null;
  if (keys) return typeof map === "object" && Object.entries(keys).every(([key, wanted]) => map?.[key] === wanted);
  return String(index) === value || String(item) === value || (typeof map === "object" && Object.values(map ?? {}).some((part) => String(part) === value));
}

function owns(tree: Tree, segments: readonly Segment[]): boolean {
  const [segment, ...rest] = segments;
  if (!segment) return true;
  // A leaf owns all that is in it: lists without keys are owned as a whole.
  if (Object.keys(tree).length === 0) return true;
  if (segment.field !== undefined) return fieldsOf(segments).some(({ name, rest }) => tree[`f:${name}`] !== undefined && owns(tree[`f:${name}`]!, rest));
  return Object.entries(tree).some(([name, inner]) => {
    if (!name.startsWith("k:")) return false;
    return matches(segment, JSON.parse(name.slice(2)), -1) && owns(inner, rest);
  });
}
