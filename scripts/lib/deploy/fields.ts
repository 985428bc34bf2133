import { isDeepStrictEqual } from "node:util";

/** One field that differs: `spec.template.spec.containers[web].image`. */
export interface FieldChange {
  readonly path: string;
  /** undefined: it was not there. */
  readonly from?: unknown;
  /** undefined: it will not be there. */
  readonly to?: unknown;
}

/** Words that stand for a Secret's values; they say neither the value nor how long it is. */
export const masked = "(secret)";

type Path = readonly (string | number)[];

/**
 * @param from an object as the server has it
 * @param to as the server would have it: both with the server's defaults, so these make no difference
 * @returns the fields in which they differ, without those that the server keeps for itself; a Secret's values are masked
 */
export function changedFields(from: object, to: object): FieldChange[] {
  const secret = (to as { kind?: string }).kind === "Secret";
  return [...walk(withoutServerFields(from), withoutServerFields(to), [])].map(({ path, from, to }) =>
    secret && (path[0] === "data" || path[0] === "stringData") ? mask(path, from, to) : { path: shownPath(path), ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
  );
}

// A whole `data` that comes or goes would show all values at once.
const mask = (path: Path, from: unknown, to: unknown): FieldChange => ({
  path: shownPath(path),
  ...(from !== undefined && { from: masked }),
  ...(to !== undefined && { to: masked }),
});

function withoutServerFields(object: object): object {
  const { status: _, metadata = {}, ...rest } = object as Record<string, unknown>;
  const { managedFields, resourceVersion, uid, generation, creationTimestamp, selfLink, ...kept } = metadata as Record<string, unknown>;
  const annotations = { ...(kept["annotations"] as Record<string, string> | undefined) };
  // kubectl's copy of what it once applied: a Secret's holds its values.
  delete annotations["kubectl.kubernetes.io/last-applied-configuration"];
  delete annotations["deployment.kubernetes.io/revision"];
  return { ...rest, metadata: { ...kept, annotations } };
}

function* walk(from: unknown, to: unknown, path: Path): Generator<{ path: Path; from: unknown; to: unknown }> {
  if (isDeepStrictEqual(from, to)) return;
  if (isMap(from) && isMap(to)) {
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) yield* walk(from[name], to[name], [...path, name]);
  } else if (Array.isArray(from) && Array.isArray(to)) {
    const key = keyOf([...from, ...to]);
    const [before, after] = [byKey(from, key), byKey(to, key)];
    const keys = new Set([...before.keys(), ...after.keys()]);
    for (const name of keys) yield* walk(before.get(name), after.get(name), [...path, name]);
    // The same items in another order: the order itself is the change.
    if (key !== undefined && [...keys].every((name) => isDeepStrictEqual(before.get(name), after.get(name)))) yield { path, from: [...before.keys()], to: [...after.keys()] };
  } else if (isMap(from ?? to) && (from === undefined || to === undefined) && Object.keys((from ?? to) as object).length > 0 && path.length > 0 && !isShortItem(path, from ?? to)) {
    // A map that comes or goes, field by field: a new label reads better than a new map.
    const map = (from ?? to) as Record<string, unknown>;
    for (const [name, value] of Object.entries(map)) yield* walk(from && value, to && value, [...path, name]);
  } else yield { path, from, to };
}

/** An item of a list that fits on a line, as an env variable does. */
const isShortItem = (path: Path, item: unknown) => (typeof path.at(-1) === "number" || String(path.at(-1)).startsWith("[")) && JSON.stringify(item).length < 100;

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** What tells the items of a list apart, for people: names rather than positions. */
function keyOf(items: readonly unknown[]): string | undefined {
  return ["name", "mountPath", "containerPort", "port", "host", "type", "key", "ip"].find((key) => items.length > 0 && items.every((item) => isMap(item) && ["string", "number"].includes(typeof item[key])));
}

function byKey(items: readonly unknown[], key: string | undefined): Map<string | number, unknown> {
  const found = new Map<string | number, unknown>();
  for (const [index, item] of items.entries()) {
    const name = key === undefined ? index : `[${(item as Record<string, unknown>)[key]}]`;
    // The same port for TCP and UDP, a path twice: then the position helps to tell them apart.
    found.set(found.has(name) ? `[${index}]` : name, item);
  }
  return found;
}

/** @returns a path as one would write it in JavaScript, list items by name: `data["app.conf"]`, `containers[web].image` */
export function shownPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      if (part.startsWith("[")) return part;
      if (/^[A-Za-z_][\w-]*$/.test(part)) return index === 0 ? part : `.${part}`;
      return `[${JSON.stringify(part)}]`;
    })
    .join("");
}
