/** The rules by name. The checks add theirs (scripts/lib/checks/rules/index.ts); nothing is imported for it. */
export interface Rules {}

/** An exception from a rule of the checks (docs/checks.md) that somebody answers for. */
export interface Waiver {
  /** One of docs/checks.md; another name does not compile. */
  readonly rule: keyof Rules;
  /** Why this object may break the rule; it is shown with every check. */
  readonly reason: string;
  /** The last day that it holds, as `2027-01-31`: after that it is an error. */
  readonly until: string;
}

const waivers = new WeakMap<object, readonly Waiver[]>();

/**
 * Lets one object break one rule until a day. Nothing of it is in the YAML.
 * @example waive({ rule: "latest-tag", reason: "the vendor publishes no other", until: "2027-01-31" }, new Deployment({ … }))
 * @returns the object
 */
export function waive<T extends object>(exception: Waiver, object: T): T {
  waivers.set(object, [...waiversOf(object), exception]);
  return object;
}

/** @returns what was waived for an object, or for the one that it was made from */
export const waiversOf = (object: object): readonly Waiver[] => waivers.get(object) ?? [];

/** Says that `copy` stands for `object`. */
export function keepWaivers<T extends object>(copy: T, object: object): T {
  const kept = waivers.get(object);
  if (kept) waivers.set(copy, kept);
  return copy;
}
