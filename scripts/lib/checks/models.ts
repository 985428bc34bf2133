import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

// kubernetes-models and its sisters hold every type of the API as a compiled validator: the one source of
// truth about fields. A validator ignores fields that it does not know, but it has to read those that it knows. So it
// is run on a view of the object that remembers what was read: what was not read is unknown, and what was read is the
// list of names that the writer may have meant. Nothing is generated, copied or kept up to date.

/** What a validator says of one place, as ajv words it. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

export interface UnknownField {
  readonly path: readonly (string | number)[];
  readonly known: readonly string[];
}

export interface Comparison {
  /** As it was written: rules see it without values of a wrong type. */
  readonly original: object;
  readonly errors: readonly SchemaError[];
  readonly unknown: readonly UnknownField[];
}

/** The class of a kind: its prototype's `validate` throws what it found. */
export interface Model {
  readonly apiVersion: string;
  readonly kind: string;
  readonly prototype: { validate(): void };
}

// Fields that the models' types have and their validators have lost: the generator takes every key called `description`
// for documentation. models.test.ts compares all types with all validators, so that this list is neither short nor long.
const lost: Record<string, RegExp> = {
  CustomResourceDefinition: /^(description|x-kubernetes-.+)$/,
  PriorityClass: /^description$/,
};

const packages = ["kubernetes-models", "@kubernetes-models/cert-manager", "@kubernetes-models/external-secrets"];
const loaded = new Map<string, Promise<Model | undefined>>();

/** @returns the kind's class, imported by its path; undefined where the models have no such kind */
export function modelOf(apiVersion: string, kind: string): Promise<Model | undefined> {
  const path = `${apiVersion}/${kind}`;
  // The words come from files of others: only what can be a kind becomes part of an import.
  if (!/^([a-z0-9.-]+\/)?v[0-9][a-z0-9]*\/[A-Z][A-Za-z0-9]*$/.test(path)) return Promise.resolve(undefined);
  let model = loaded.get(path);
  if (!model) loaded.set(path, (model = load(path, kind)));
  return model;
}

async function load(path: string, kind: string): Promise<Model | undefined> {
  const name = packages.find((name) => existsSync(`${folderOf(name)}/${path}.js`));
  if (!name) return undefined;
  const model = ((await import(`${name}/${path}`)) as Record<string, Model | undefined>)[kind];
  // Parts of objects (Container, PodSpec) have modules too, but no kind.
  return model?.kind === kind ? model : undefined;
}

/** @returns every apiVersion of the models, dropped ones too; read only when something is unknown */
export function knownApiVersions(): ReadonlySet<string> {
  apiVersions ??= new Set(
    packages.flatMap((name) => {
      const { exports } = JSON.parse(readFileSync(`${folderOf(name)}/package.json`, "utf8")) as { exports: Record<string, unknown> };
      return Object.keys(exports).flatMap((path) => /^\.\/(?!_)(.*)\/\*$/.exec(path)?.[1] ?? []);
    }),
  );
  return apiVersions;
}
let apiVersions: ReadonlySet<string> | undefined;

/** @returns the kinds of an apiVersion, and the parts of kinds beside them */
export const kindsOf = (apiVersion: string): string[] =>
  packages
    .map((name) => `${folderOf(name)}/${apiVersion}`)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).flatMap((file) => /^(\w+)\.js$/.exec(file)?.[1] ?? []));

const folderOf = (name: string) => dirname(fileURLToPath(import.meta.resolve(name)));

/** @returns what the kind's validator refuses, and the fields that it does not know */
export function compare(model: Model, object: object): Comparison {
  const watched = new Map<object, Watcher>();
  let errors: readonly SchemaError[] = [];
  try {
    model.prototype.validate.call(watch(object, watched));
  } catch (error) {
    if (!(error instanceof Error && "errors" in error)) throw error;
    errors = error.errors as SchemaError[];
  }
  const unknown: UnknownField[] = [];
  collect(object, [], watched, lost[model.kind], unknown);
  return { original: object, errors, unknown };
}

function watch(node: object, watched: Map<object, Watcher>): object {
  let watcher = watched.get(node);
  if (!watcher) watched.set(node, (watcher = new Watcher(node, watched)));
  return watcher.view;
}

class Watcher implements ProxyHandler<object> {
  readonly read = new Set<string>();
  readonly view: object;
  readonly watched: Map<object, Watcher>;
  /** All keys were asked for: a map such as labels, in which any key is right. */
  isMap = false;

  constructor(node: object, watched: Map<object, Watcher>) {
    this.watched = watched;
    this.view = new Proxy(node, this);
  }

  get(node: object, key: string | symbol): unknown {
    const value = (node as Record<string | symbol, unknown>)[key];
    if (typeof key === "string") this.read.add(key);
    return typeof value === "object" && value !== null ? watch(value, this.watched) : value;
  }

  has(node: object, key: string | symbol): boolean {
    if (typeof key === "string") this.read.add(key);
    return key in node;
  }

  ownKeys(node: object): (string | symbol)[] {
    this.isMap = true;
    return Reflect.ownKeys(node);
  }
}

function collect(node: object, path: (string | number)[], watched: Map<object, Watcher>, lost: RegExp | undefined, unknown: UnknownField[]): void {
  const watcher = watched.get(node);
  // Nothing was read: the schema allows anything there (a patch, a custom resource's settings).
  if (!watcher || (watcher.read.size === 0 && !watcher.isMap)) return;
  if (Array.isArray(node)) {
    node.forEach((item, index) => typeof item === "object" && item !== null && collect(item, [...path, index], watched, lost, unknown));
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (!watcher.isMap && !watcher.read.has(key) && !lost?.test(key)) unknown.push({ path: [...path, key], known: [...watcher.read] });
    else if (typeof value === "object" && value !== null) collect(value, [...path, key], watched, lost, unknown);
  }
}
