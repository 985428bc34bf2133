import { nearest } from "../errors.ts";
import type { Container, Objects, PodTemplate } from "./objects.ts";
import type { Rule } from "./types.ts";

/** @returns the rule itself; its name stays a type, so that waivers of other names don't compile */
export const rule = <const Name extends string>(rule: Rule & { readonly name: Name }): Rule & { readonly name: Name } => rule;

/** Every container of every pod, those that start first included. */
export function* containersOf(objects: Objects): Iterable<Container & { pod: PodTemplate }> {
  for (const pod of objects.pods) for (const container of pod.containers) yield { ...container, pod };
}

/** What Linux alone has, the server refuses in pods of Windows. */
export function* linuxContainersOf(objects: Objects): Iterable<Container & { pod: PodTemplate }> {
  for (const container of containersOf(objects)) if (container.pod.spec.os?.name !== "windows") yield container;
}

/** @returns " (did you mean x?)" or " (there are: x, y)" or nothing, to append to a message about an unknown name */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...new Set(known)];
  const meant = nearest(name, names);
  if (meant !== undefined) return ` (did you mean ${meant}?)`;
  return names.length > 0 && names.length <= 8 ? ` (there ${names.length === 1 ? "is" : "are"}: ${names.join(", ")})` : "";
}

/** @returns the names that occur more than once, each with the places after its first */
export function* repeated<T>(items: readonly T[], nameOf: (item: T) => string | undefined): Iterable<{ name: string; index: number; first: number }> {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const name = nameOf(item);
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else yield { name, index, first };
  }
}
