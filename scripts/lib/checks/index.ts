import type { KubernetesObject } from "../render.ts";
import { keepOrigin, originOf, type Origin } from "../origins.ts";
import { nearest } from "../errors.ts";
import { compare, modelsOf, type Comparison } from "./models.ts";
import { Objects, type Settings } from "./objects.ts";
import { rules } from "./rules/index.ts";
import { wellTyped, withIdentity } from "./tolerate.ts";
import type { Finding, ObjectReference, Problem, Rule, Severity, Waiver } from "./types.ts";
import { waiversOf } from "../../../manifests/waivers.ts";

export type { Settings } from "./objects.ts";
export type { Problem, Waiver } from "./types.ts";

export interface CheckOptions {
  /** Where the objects go. Without it only what is wrong everywhere is an error. */
  readonly environment?: Settings;
  /** The project's other environments: development must not share contexts and domains with those of users. */
  readonly others?: readonly Settings[];
  /** @default where the models were made */
  readonly origins?: (object: KubernetesObject) => Origin | undefined;
  /** @default those of `waive` in the manifests */
  readonly waivers?: (object: KubernetesObject) => readonly Waiver[];
  /** The day against which waivers expire, as `2027-01-31`. @default today */
  readonly today?: string;
}

/**
 * Runs every rule over objects that are applied together. Asks neither cluster nor network; never throws for what the
 * objects hold, however odd.
 * @param input plain objects: `render(environment)`, or the documents of a YAML file
 * @returns every problem, in the order of the objects; waived ones too
 */
export async function check(input: readonly unknown[], options: CheckOptions = {}): Promise<Problem[]> {
  const { environment, others = [], origins = originOf, waivers = waiversOf } = options;
  const today = options.today ?? new Date().toISOString().slice(0, 10);
  const comparisons = new Map<KubernetesObject, Comparison>();
  const originals = new Map<KubernetesObject, KubernetesObject>();
  const all: KubernetesObject[] = [];
  const items = expandLists(input).map((item) => ({ item, original: withIdentity(item) }));
  const models = await modelsOf(items.map(({ original }) => original));
  for (const { item, original } of items) {
    const model = models.get(`${original.apiVersion}/${original.kind}`);
    const comparison = model && compare(model, original);
    // Rules see only fields of the right type; what has the wrong one is reported by a rule of its own.
    const object = wellTyped(original, comparison);
    if (comparison) comparisons.set(object, comparison);
    if (object !== item && typeof item === "object" && item !== null) keepOrigin(object, item);
    originals.set(object, item as KubernetesObject);
    all.push(object);
  }

  const objects = new Objects(all, comparisons, environment, others);
  const problems: { problem: Problem; position: number }[] = [];
  const position = new Map(all.map((object, index) => [object, index]));
  const used = new Set<Waiver>();
  const report = (rule: Pick<Rule, "name">, severity: Severity, finding: Finding) => {
    const { object, path, message, fix } = finding;
    const original = object && originals.get(object);
    const waiver = original && waivers(original).find((waiver) => waiver.rule === rule.name && waiver.until >= today);
    if (waiver) used.add(waiver);
    problems.push({
      position: object ? (position.get(object) ?? 0) : -1,
      problem: {
        rule: rule.name,
        severity,
        ...(object && { object: referenceTo(object) }),
        path,
        message,
        fix,
        ...(original && origins(original)),
        ...(waiver && { waived: { reason: waiver.reason, until: waiver.until } }),
      },
    });
  };
  for (const rule of rules as readonly Rule[]) {
    if (rule.group === "environment" && !environment) continue;
    const severity = severityOf(rule, environment);
    for (const finding of rule.check(objects)) report(rule, finding.severity ?? severity, finding);
  }
  for (const [object, original] of originals)
    for (const [severity, finding] of waiverProblems(waivers(original), used, today, environment))
      report({ name: "waiver" }, severity, { object, ...finding });
  return problems.sort((a, b) => a.position - b.position).map(({ problem }) => problem);
}

/** @returns whether these problems stop a deploy */
export const hasErrors = (problems: readonly Problem[]) => problems.some(({ severity, waived }) => severity === "error" && !waived);

/** `kubectl get -o yaml` writes a List; the API itself a ConfigMapList, whose items need not repeat what they are. */
const expandLists = (input: readonly unknown[]): unknown[] =>
  input.flatMap((list) => {
    const { kind, apiVersion, items } = (list ?? {}) as Record<string, unknown>;
    if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [list];
    const ofItems = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) };
    return expandLists(items.map((item) => itemOf(list as object, ofItems, item)));
  });

function itemOf(list: object, ofItems: object, item: unknown): unknown {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
  const whole = "apiVersion" in item && "kind" in item ? item : { ...ofItems, ...item };
  return originOf(whole) ? whole : keepOrigin(whole, list);
}

function severityOf({ severity, group }: Rule, environment: Settings | undefined): Severity {
  if (severity) return severity;
  if (group === "policy") return environment?.development === false ? "error" : "warning";
  // Of YAML from anywhere, what it refers to may lie elsewhere.
  return group === "references" && !environment ? "warning" : "error";
}

export const referenceTo = ({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectReference => ({
  apiVersion,
  kind,
  ...(namespace !== undefined && { namespace }),
  name,
});

function* waiverProblems(
  waivers: readonly Waiver[],
  used: ReadonlySet<Waiver>,
  today: string,
  environment: Settings | undefined,
): Iterable<[Severity, Omit<Finding, "object">]> {
  for (const waiver of waivers) {
    const { rule: name, until, reason } = waiver;
    const rule = rules.find((rule) => rule.name === name);
    if (!rule) {
      const meant = nearest(name, rules.map((rule) => rule.name));
      yield ["error", { path: "", message: `no rule is called ${name}`, fix: meant ? `did you mean ${meant}?` : "see docs/checks.md for the rules" }];
    }
    else if (!/^\d{4}-\d\d-\d\d$/.test(until) || Number.isNaN(Date.parse(until)))
      yield ["error", { path: "", message: `the waiver of ${name} ends on ${JSON.stringify(until)}`, fix: "write a day as 2027-01-31" }];
    else if (reason.trim() === "")
      yield ["error", { path: "", message: `the waiver of ${name} gives no reason`, fix: "say why this object may break the rule" }];
    else if (until < today)
      yield ["error", { path: "", message: `the waiver of ${name} ended on ${until} (${reason})`, fix: "mend the object, or answer for a later day" }];
    // In development some rules don't apply at all: the waiver is for elsewhere.
    else if (!used.has(waiver) && environment && !environment.development)
      yield ["warning", { path: "", message: `the waiver of ${name} waives nothing`, fix: "remove it" }];
  }
}
