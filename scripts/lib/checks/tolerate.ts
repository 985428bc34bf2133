import type { KubernetesObject } from "../render.ts";
import type { Comparison } from "./models.ts";

// Anything may come from a YAML file. Rules are simpler and safer when they can trust the types of what is there:
// wrong ones are reported by `schema-validation`, then left out of what the other rules see.

type Fields = Record<string, unknown>;

/** @returns an object with apiVersion, kind, metadata and name as strings, empty where they are missing or wrong */
export function withIdentity(item: unknown): KubernetesObject {
  const object = isObject(item) ? item : {};
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const { namespace, ...others } = metadata;
  const isRight =
    object === item &&
    metadata === object["metadata"] &&
    typeof object["apiVersion"] === "string" &&
    typeof object["kind"] === "string" &&
    typeof metadata["name"] === "string" &&
    (namespace === undefined || typeof namespace === "string");
  if (isRight) return object as unknown as KubernetesObject;
  const string = (value: unknown) => (typeof value === "string" ? value : "");
  return {
    ...object,
    apiVersion: string(object["apiVersion"]),
    kind: string(object["kind"]),
    metadata: { ...others, name: string(metadata["name"]), ...(typeof namespace === "string" && { namespace }) },
  };
}

/** @returns the object without nulls (which mean "not set") and without values of a wrong type; itself if it has none */
export function wellTyped(object: KubernetesObject, comparison?: Comparison): KubernetesObject {
  // Of a kind that the models don't know rules see the metadata only.
  const { errors, hasNull } = comparison ?? { errors: [], hasNull: true };
  if (errors.length === 0 && !hasNull) return object;
  const placesOf = (...keywords: string[]) => new Set(errors.filter(({ keyword }) => keywords.includes(keyword)).map(({ instancePath }) => instancePath));
  const wrong = placesOf("type", "oneOf");
  // Text in a wrong format is still text, as a quantity that is none.
  for (const place of placesOf("format")) wrong.delete(place);
  return withIdentity(withoutNulls(object, wrong, ""));
}

function withoutNulls(value: unknown, wrong: ReadonlySet<string>, path: string): unknown {
  if (Array.isArray(value))
    return value.flatMap((item, index) =>
      item === null || wrong.has(`${path}/${index}`) ? [] : [withoutNulls(item, wrong, `${path}/${index}`)],
    );
  if (!isObject(value)) return value;
  const copy: Fields = {};
  for (const [key, item] of Object.entries(value)) {
    const place = `${path}/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`;
    if (item !== null && item !== undefined && !wrong.has(place)) copy[key] = withoutNulls(item, wrong, place);
  }
  return copy;
}

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
