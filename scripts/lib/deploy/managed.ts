import type { KubernetesObject } from "../render.ts";

// managedFields: who an API server holds to be the owner of which field.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management

interface Entry {
  manager: string;
  operation: "Apply" | "Update";
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
  let at = object;
  for (const segment of segmentsOf(path)) {
    if (segment.field !== undefined) at = (at as Record<string, unknown> | undefined)?.[segment.field];
    else at = Array.isArray(at) ? at.find((item, index) => matches(segment, item, index)) : undefined;
  }
  return at;
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

function owns(tree: Tree, [segment, ...rest]: Segment[]): boolean {
  if (!segment) return true;
  // A leaf owns all that is in it: lists without keys are owned as a whole.
  if (Object.keys(tree).length === 0) return true;
  return Object.entries(tree).some(([name, inner]) => {
    if (segment.field !== undefined) return name === `f:${segment.field}` && owns(inner, rest);
    if (!name.startsWith("k:")) return false;
    return matches(segment, JSON.parse(name.slice(2)), -1) && owns(inner, rest);
  });
}
