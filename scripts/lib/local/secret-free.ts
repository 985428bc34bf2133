import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { KubernetesObject } from "../render.ts";

// Rendered objects are kept on disk for the next start, secrets are not: in their place stands the name of the variable
// of .env that holds them, which is kept from others already.

type Data = Record<string, string>;
const marker = "from .env: ";

/** @returns the objects without secret values; undefined when one of them is not in .env, so that they can't be kept */
export function withoutSecrets(objects: readonly KubernetesObject[], root: string): KubernetesObject[] | undefined {
  const names = new Map(Object.entries(readEnvFile(root)).map(([name, value]) => [value, name]));
  let complete = true;
  const result = mapSecrets(objects, (encoded) => {
    const value = Buffer.from(encoded, "base64").toString("utf8");
    const name = names.get(value);
    if (name === undefined) complete = false;
    return marker + name;
  });
  return complete ? result : undefined;
}

/** @throws Error when .env lacks a variable that was there */
export function withSecrets(objects: readonly KubernetesObject[], root: string): KubernetesObject[] {
  const env = readEnvFile(root);
  return mapSecrets(objects, (text) => {
    const value = env[text.slice(marker.length)];
    if (value === undefined) throw new Error(`.env has lost ${text.slice(marker.length)}`);
    return Buffer.from(value, "utf8").toString("base64");
  });
}

const mapSecrets = (objects: readonly KubernetesObject[], change: (value: string) => string): KubernetesObject[] =>
  objects.map((object) => {
    if (object.kind !== "Secret") return object;
    const { data = {}, stringData = {} } = object as { data?: Data; stringData?: Data };
    const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text, "utf8").toString("base64")]);
    const all: Data = { ...data, ...Object.fromEntries(encoded) };
    return { ...object, stringData: undefined, data: Object.fromEntries(Object.entries(all).map(([key, value]) => [key, change(value)])) };
  });

function readEnvFile(root: string): Data {
  try {
    return parseEnv(readFileSync(join(root, ".env"), "utf8")) as Data;
  } catch {
    return {};
  }
}
