import { join } from "node:path";
import { UserError } from "../errors.ts";
import { readObjects } from "./objects.ts";
import { makePlan, type Plan } from "./plan.ts";
import { freePort } from "./ports.ts";
import { choosePrograms } from "./programs.ts";
import type { Rendered } from "./rendered.ts";

/** Turns what was rendered into a plan for this machine: which programs it has, which ports are free. */
export type Decide = (rendered: Rendered) => Promise<Plan>;

/**
 * @param root the project's folder
 * @param folder the one that is written to
 * @param options `only` names the processes that are wanted
 * @returns keeps the ports that it gave, so that what did not change is not restarted. Throws UserError when pods of
 * these objects could not start, or when `only` names something else
 */
export function decider(root: string, folder: string, { path, only }: { path: string; only?: readonly string[] }): Decide {
  const ports = new Map<string, number>();
  return async ({ objects, images }) => {
    const { containers } = readObjects(objects);
    const names = containers.map(({ name }) => name);
    const unknown = only?.filter((name) => !names.includes(name)) ?? [];
    if (unknown.length > 0) throw new UserError(`no process is called ${unknown.join(", ")}`, { why: `the manifests have ${names.join(", ")}`, next: `--only ${names[0]}`, exitCode: 2 });
    const programs = await choosePrograms(containers, images, { root, path, only });
    for (const { name, spec } of containers)
      for (const { containerPort } of spec.ports ?? []) {
        const key = `${name} ${containerPort}`;
        if (!ports.has(key)) ports.set(key, await freePort(`${root} ${key}`, new Set(ports.values())));
      }
    const plan = makePlan(objects, {
      volumes: join(folder, "volumes"),
      portFor: (name, port) => ports.get(`${name} ${port}`)!,
      programFor: ({ name }) => programs.get(name)!,
    });
    if (plan.problems.length > 0) throw new UserError("the manifests can't be run", { why: plan.problems.join("\n"), next: "mend them in manifests/" });
    return plan;
  };
}

/** @returns the names of all variables that the manifests set: no other source may */
export function variableNames({ objects }: Rendered): ReadonlySet<string> {
  const { containers, data } = readObjects(objects);
  return new Set([...containers.flatMap(({ spec }) => spec.env?.map(({ name }) => name) ?? []), ...[...data.values()].flatMap(Object.keys)]);
}

/** @returns the addresses that browsers open, one for each route */
export function urlsOf({ routes, tlsHosts }: Plan, httpsPort: number, httpPort: number) {
  return routes.flatMap(({ host, path, process }) => {
    if (!host || host.startsWith("*")) return [];
    const secure = tlsHosts.includes(host);
    const port = secure ? (httpsPort === 443 ? "" : `:${httpsPort}`) : httpPort === 80 ? "" : `:${httpPort}`;
    return [{ url: `http${secure ? "s" : ""}://${host}${port}${path === "/" ? "" : path}`, process }];
  });
}
