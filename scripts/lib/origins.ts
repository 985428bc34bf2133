import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Namespace } from "kubernetes-models/v1/Namespace";

// Where each object was made, so that a report can name the line to edit. Every model's constructor hands its data to
// `setDefinedProps` of the base class: there V8 is asked for the stack, which costs about a microsecond, for it is put
// into words only if somebody reads it. The YAML knows nothing of this.
// This module has to be imported before the manifests are: objects made earlier have no origin.

/** A line of a file of this project; the path is relative to the folder of package.json. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

const origins = new WeakMap<object, Origin | { stack?: string }>();

interface Base {
  setDefinedProps(this: object, data: object): void;
}
const base = Object.getPrototypeOf(Namespace.prototype) as Base;
const setDefinedProps = base.setDefinedProps;

base.setDefinedProps = function (data) {
  const { stackTraceLimit } = Error;
  // The constructor of the kind, the line that called it, and a few for helpers that live in packages.
  Error.stackTraceLimit = 6;
  const place: { stack?: string } = {};
  Error.captureStackTrace(place, base.setDefinedProps);
  Error.stackTraceLimit = stackTraceLimit;
  origins.set(this, place);
  setDefinedProps.call(this, data);
};

const root = fileURLToPath(new URL("../..", import.meta.url));

/** @returns the file and line of the `new` that made this object, or whatever {@link keepOrigin} said it stands for */
export function originOf(object: object): Origin | undefined {
  const place = origins.get(object);
  if (!place || "file" in place) return place;
  const origin = firstLineOfOurs(place.stack ?? "");
  if (origin) origins.set(object, origin);
  return origin;
}

/** Says that `copy` was made from `object`, or where it comes from. @returns the copy */
export function keepOrigin<T extends object>(copy: T, from: object | Origin): T {
  const place = "line" in from && "file" in from ? (from as Origin) : origins.get(from);
  if (place) origins.set(copy, place);
  return copy;
}

function firstLineOfOurs(stack: string): Origin | undefined {
  for (const frame of stack.split("\n").slice(1)) {
    const [, place, line] = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (!place || !line || /[\\/]node_modules[\\/]/.test(place)) continue;
    const path = place.startsWith("file://") ? fileURLToPath(place.replace(/\?.*$/, "")) : place;
    return { file: relative(root, path).replaceAll("\\", "/"), line: Number(line) };
  }
  return undefined;
}
