import type { ApiError } from "../cluster.ts";
import type { Problem } from "../problems.ts";
import type { KubernetesObject } from "../render.ts";
import { createMask } from "../rollout/mask.ts";
import { masked, type FieldChange } from "./fields.ts";
import { managersOf, valueAt } from "./managed.ts";
import { objectName, shownName } from "./objects.ts";

/** A field that somebody else owns and that we would change. Values as text, a Secret's masked. */
export interface Conflict {
  readonly field: string;
  readonly manager: string;
  readonly live: string;
  readonly wanted: string;
}

/** @returns the fields because of which a server refused to apply; none when the reason was another */
export function conflictsIn(error: ApiError, live: KubernetesObject, wanted: KubernetesObject): Conflict[] {
  const causes = error.causes.filter(({ reason }) => reason === "FieldManagerConflict");
  return causes.map(({ field = "", message = "" }) => {
    const hidden = live.kind === "Secret" && /^\.(data|stringData)\b/.test(field);
    const shown = (object: KubernetesObject) => (hidden ? masked : (JSON.stringify(valueAt(object, field)) ?? "nothing"));
    const manager = /conflict with "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? managersOf(live, field)[0] ?? "somebody else";
    return { field: field.replace(/^\./, ""), manager, live: shown(live), wanted: shown(wanted) };
  });
}

/** Whether a server refused because a field can't be changed once it is there; each kind words that differently. */
export const isImmutable = ({ code, message }: ApiError): boolean =>
  code === 422 && /immutable|may not change once set|cannot change|updates to .* are forbidden|Forbidden: updates to/i.test(message);

/** @returns of the fields that change those that can't, as far as the server says which */
export function immutableFields(fields: readonly FieldChange[], { message }: ApiError): readonly FieldChange[] {
  // "updates to statefulset spec for fields other than 'replicas', 'template', … are forbidden"
  const mutable = [...(/fields other than (.*) are forbidden/.exec(message)?.[1] ?? "").matchAll(/'(\w+)'/g)].map(([, name]) => name);
  return fields.filter(({ path }) => !path.startsWith("metadata") && !mutable.some((name) => path === `spec.${name}` || path.startsWith(`spec.${name}.`) || path.startsWith(`spec.${name}[`)));
}

/** @returns a server's refusal in words; no value of a Secret, whatever the server put into its message */
export function explainRefusal(object: KubernetesObject, error: ApiError): Problem {
  const why = createMask([object])(error.causes.length > 0 && error.code === 422 ? error.causes.map(({ field, message }) => `${field}: ${message}`).join("\n") : error.message);
  const name = shownName(objectName(object));
  if (error.code === 403 && /exceeded quota/.test(why)) return { what: `${name} does not fit into the namespace's quota`, why, next: "ask for less in resources, or for a larger quota" };
  if (error.code === 403 && !/admission webhook|PodSecurity/i.test(why)) return { what: `you may not write ${name}`, why, next: "ask whoever runs the cluster for that right" };
  if (/failed calling webhook/.test(why)) return { what: `${name} can't be checked`, why, next: "the webhook's pods may still start; try again, then look at them" };
  return { what: `the server refuses ${name}`, why };
}

/**
 * @returns what the live object would be with the wanted one's fields, as far as one can tell without the server. Lists
 * are taken item by item where they have as many, so that what the server has added to each stays.
 */
export function laidOver<T>(live: T, wanted: T): T {
  if (Array.isArray(live) && Array.isArray(wanted) && live.length === wanted.length) return live.map((item, index) => laidOver(item, wanted[index])) as T;
  if (!isMap(live) || !isMap(wanted)) return wanted;
  const result: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(wanted)) result[name] = name in live ? laidOver(live[name], value) : value;
  return result as T;
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
