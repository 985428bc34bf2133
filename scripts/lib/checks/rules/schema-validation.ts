import { nearest } from "../../errors.ts";
import type { SchemaError } from "../models.ts";
import { pathOf, stepsOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "schema-validation",
  group: "object",
  why: "The API server refuses values of a wrong type, unknown words and missing fields.",
  *check({ comparisons }) {
    for (const [object, { errors, original }] of comparisons)
      for (const [place, [error, ...more]] of byPlace(errors)) {
        // What a Secret holds is never repeated.
        const value = object.kind === "Secret" && /^\/(data|stringData)\b/.test(place) ? undefined : valueAt(original, place);
        yield {
          object,
          path: pathOf(...stepsOf(place), ...(error!.keyword === "required" ? [[String(error!.params["missingProperty"])] as const] : [])),
          ...explain(error!, more, value),
        };
        for (const other of more)
          if (other.keyword === "required")
            yield { object, path: pathOf(...stepsOf(place), [String(other.params["missingProperty"])]), ...explain(other, [], value) };
      }
  },
});

function byPlace(errors: readonly SchemaError[]): Map<string, SchemaError[]> {
  const places = new Map<string, SchemaError[]>();
  for (const error of errors) {
    const others = places.get(error.instancePath);
    if (others) others.push(error);
    else places.set(error.instancePath, [error]);
  }
  return places;
}

function explain(error: SchemaError, more: readonly SchemaError[], value: unknown): { message: string; fix: string } {
  const given = value === undefined ? "" : ` but is ${JSON.stringify(value)?.slice(0, 80)}`;
  const { keyword, params } = error;
  if (keyword === "required") return { message: "is missing", fix: "set it; Kubernetes requires it here" };
  const choice = [error, ...more].find(({ keyword }) => keyword === "enum" || keyword === "const");
  if (choice) {
    const words = ([choice.params["allowedValues"] ?? choice.params["allowedValue"]].flat() as unknown[]).map(String);
    const meant = typeof value === "string" ? nearest(value, words) : undefined;
    return { message: `must be one of ${words.join(", ")}${given}`, fix: meant ? `did you mean ${meant}?` : "use one of these words" };
  }
  const formats = [error, ...more].filter(({ keyword }) => keyword === "format").map(({ params }) => String(params["format"]));
  if (formats.includes("byte")) return { message: "must be base64", fix: "encode it, or use stringData" };
  if (formats.length > 0 && typeof value === "string") {
    return { message: `must be a ${formats[0]}${given}`, fix: formats[0] === "quantity" ? "write it as 500m, 1.5 or 128Mi" : "see the field's documentation" };
  }
  const types = new Set([error, ...more].flatMap(({ keyword, params }) => (keyword === "type" ? String(params["type"]) : [])));
  if (types.size > 0) return { message: `must be ${[...types].join(" or ")}${given}`, fix: keyword === "type" && value === null ? "remove it, or give it a value" : "correct its type" };
  return { message: `${error.message ?? `breaks ${keyword} ${JSON.stringify(params)}`}${given}`, fix: "see the field's documentation" };
}

function valueAt(object: unknown, instancePath: string): unknown {
  let value = object;
  for (const step of instancePath.split("/").slice(1))
    value = (value as Record<string, unknown> | undefined)?.[step.replace(/~1/g, "/").replace(/~0/g, "~")];
  return value;
}
