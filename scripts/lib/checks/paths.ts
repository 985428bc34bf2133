/** A step of a path: a field or a ready path, an index, or (in brackets) the key of a map, which may hold dots. */
export type Step = string | number | readonly [string];

/** @returns a path as JavaScript would write it: `spec.ports[0].name`, `metadata.labels["a/b"]` */
export function pathOf(...steps: readonly Step[]): string {
  let path = "";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else if (typeof step === "string") path += path === "" || step === "" ? step : `.${step}`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(step[0])) path += path === "" ? step[0] : `.${step[0]}`;
    else path += `[${JSON.stringify(step[0])}]`;
  }
  return path;
}

/** @returns the steps of a JSON pointer, as ajv writes it: `/spec/ports/0/name` */
export const stepsOf = (pointer: string): Step[] =>
  pointer.split("/").slice(1).map((step) => (/^\d+$/.test(step) ? Number(step) : ([step.replace(/~1/g, "/").replace(/~0/g, "~")] as const)));
