import { readFileSync } from "node:fs";
import { check, type CheckOptions, type Settings } from "../../scripts/lib/checks/index.ts";
import type { RuleName } from "../../scripts/lib/checks/rules/index.ts";
import type { Problem } from "../../scripts/lib/checks/types.ts";
import { readYaml } from "../../scripts/lib/checks/yaml.ts";

/** A set of objects that a fault can be put into. Anything may be written anywhere: that is what faults do. */
export interface Shop {
  readonly objects: any[];
  readonly get: (kindAndName: string) => any;
  /** The pod template's spec, and its main container, of Deployment api. */
  readonly pod: any;
  readonly container: any;
}

/** One thing that is wrong, and where the rule that is named says so. */
export interface Fault {
  readonly rule: RuleName;
  /** What a user did: the test's title. */
  readonly fault: string;
  /** `Kind/name path` of every problem that it makes; there may be no other. */
  readonly at: string | readonly string[];
  readonly put: (shop: Shop) => void;
  /** @default prod */
  readonly environment?: Settings;
  /** Whether the API server refuses it (with cert-manager's webhook), tried where a cluster is. @default not */
  readonly server?: "refuses";
}

const settings = (name: string, development: boolean, context: string, domain: string): Settings => ({ name, development, context, namespace: "shop", domain });
export const prod = settings("prod", false, "prod", "shop.example.com");
export const dev = settings("dev", true, "kind-dev", "shop.localhost");

const text = readFileSync(new URL("sound/shop.yaml", import.meta.url), "utf8");

/** @returns the sound shop, new each time */
export function shop(): Shop {
  const objects: any[] = readYaml(text, "shop.yaml").documents;
  const get = (kindAndName: string) => {
    const found = objects.find(({ kind, metadata }) => `${kind}/${metadata.name}` === kindAndName);
    if (!found) throw new Error(`the shop has no ${kindAndName}`);
    return found;
  };
  const pod = get("Deployment/api").spec.template.spec;
  return { objects, get, pod, container: pod.containers[0] };
}

/** @returns the shop with a fault in it */
export function broken({ put }: Fault): Shop {
  const broken = shop();
  put(broken);
  return broken;
}

export const optionsFor = (environment: Settings = prod): CheckOptions => ({ environment, others: [environment.development ? prod : dev], today: "2026-11-23" });

export const problemsOf = (fault: Fault): Promise<Problem[]> => check(broken(fault).objects, optionsFor(fault.environment));

/** `rule Kind/name path`: what the catalogue compares. */
export const brief = ({ rule, object, path }: Problem): string => `${rule} ${object ? `${object.kind}/${object.name}` : "environment"} ${path}`.trim();

/** Every place of an object: the steps that lead to it. */
export function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]))];
}

/** @param value undefined takes the place away, out of a list too */
export function put(object: any, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce((node, key) => node[key], object);
  if (value === undefined && Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  else if (value === undefined) delete parent[path.at(-1)!];
  else parent[path.at(-1)!] = value;
}
