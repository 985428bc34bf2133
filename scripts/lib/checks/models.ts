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
  /** A field is null somewhere, which means that it is not set. */
  readonly hasNull: boolean;
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

/** @returns the classes of the kinds that occur, by `apiVersion/kind` */
export async function modelsOf(objects: readonly { readonly apiVersion: string; readonly kind: string }[]): Promise<Map<string, Model | undefined>> {
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [`${apiVersion}/${kind}`, { apiVersion, kind }]));
  return new Map(await Promise.all([...kinds].map(async ([path, { apiVersion, kind }]) => [path, await modelOf(apiVersion, kind)] as const)));
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
  const quick = run(model, object, false);
  // The names that could have been meant are noted only when somebody wants to read them.
  return quick.unknown.length === 0 ? quick : run(model, object, true);
}

function run(model: Model, object: object, notesMissing: boolean): Comparison {
  const watched: Watched = { notesMissing, watchers: new Map() };
  let errors: readonly SchemaError[] = [];
  try {
    model.prototype.validate.call(watch(object, watched));
  } catch (error) {
    if (!(error instanceof Error && "errors" in error)) throw error;
    errors = error.errors as SchemaError[];
  }
  const found = { unknown: [] as UnknownField[], hasNull: false };
  collect(object, [], watched, lost[model.kind], found);
  return { original: object, errors, ...found };
}

interface Watched {
  readonly notesMissing: boolean;
  readonly watchers: Map<object, Watcher>;
}

function watch(node: object, watched: Watched): object {
  let watcher = watched.watchers.get(node);
  if (!watcher) watched.watchers.set(node, (watcher = new Watcher(node, watched)));
  return watcher.view;
}

class Watcher implements ProxyHandler<object> {
  /** Of the fields that are there; with `notesMissing`, of all. */
  readonly read: string[] = [];
  readonly view: object;
  readonly watched: Watched;
  isRead = false;
  /** All keys were asked for: a map such as labels, in which any key is right. */
  isMap = false;

  constructor(node: object, watched: Watched) {
    this.watched = watched;
    this.view = new Proxy(node, this);
  }

  get(node: object, key: string | symbol): unknown {
    const value = (node as Record<string | symbol, unknown>)[key];
    this.isRead = true;
    if (value !== undefined || this.watched.notesMissing) this.note(key);
    return typeof value === "object" && value !== null ? watch(value, this.watched) : value;
  }

  has(node: object, key: string | symbol): boolean {
    this.isRead = true;
    this.note(key);
    return key in node;
  }

  ownKeys(node: object): (string | symbol)[] {
    this.isMap = true;
    return Reflect.ownKeys(node);
  }

  /** A list, for there are few: a Set for each node costs more than it saves. */
  note(key: string | symbol): void {
    if (!this.isMap && typeof key === "string" && !this.read.includes(key)) this.read.push(key);
  }
}

/** @param path of the node; the same array for all, so that only what is found costs a copy */
function collect(node: object, path: (string | number)[], watched: Watched, lost: RegExp | undefined, found: { unknown: UnknownField[]; hasNull: boolean }): void {
  const watcher = watched.watchers.get(node);
  // Nothing was read: the schema allows anything there (a patch, a custom resource's settings).
  if (!watcher || (!watcher.isRead && !watcher.isMap)) return;
  const isArray = Array.isArray(node);
  for (const [key, value] of isArray ? node.entries() : Object.entries(node)) {
    if (value === null) found.hasNull = true;
    path.push(key);
    if (!isArray && !watcher.isMap && !watcher.read.includes(key as string) && value !== undefined && !lost?.test(key as string)) found.unknown.push({ path: [...path], known: watcher.read });
    else if (typeof value === "object" && value !== null) collect(value as object, path, watched, lost, found);
    path.pop();
  }
}
