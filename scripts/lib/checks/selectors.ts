/** As in `spec.selector` of workloads, disruption budgets and policies. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, unknown>>;
  readonly matchExpressions?: readonly { readonly key?: string; readonly operator?: string; readonly values?: readonly unknown[] }[];
}

type Labels = Readonly<Record<string, string>>;

/** Whether labels satisfy every requirement; an empty selector matches everything. */
export const matches = (selector: Selector, labels: Labels): boolean =>
  hasLabels(selector.matchLabels ?? {}, labels) &&
  (selector.matchExpressions ?? []).every(({ key = "", operator, values = [] }) => {
    if (operator === "Exists") return Object.hasOwn(labels, key);
    if (operator === "DoesNotExist") return !Object.hasOwn(labels, key);
    const isIn = Object.hasOwn(labels, key) && values.includes(labels[key]);
    return operator === "NotIn" ? !isIn : isIn;
  });

/** Whether all of these labels are there: a Service's selector, `matchLabels`. */
export const hasLabels = (wanted: Readonly<Record<string, unknown>>, labels: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);

export const isEmpty = ({ matchLabels = {}, matchExpressions = [] }: Selector): boolean =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

/** @returns a selector as kubectl's -l takes it, for messages */
export const describe = ({ matchLabels = {}, matchExpressions = [] }: Selector): string =>
  [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${String(value)}`),
    ...matchExpressions.map(({ key, operator, values = [] }) =>
      operator === "Exists" ? `${key}` : operator === "DoesNotExist" ? `!${key}` : `${key} ${operator === "NotIn" ? "notin" : "in"} (${values.join(", ")})`,
    ),
  ].join(",") || "everything";
