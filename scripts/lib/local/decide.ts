import { join } from "node:path";
import { nearest, UserError } from "../errors.ts";
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
 * @param options `only` names the processes that are wanted, `shown` those whose output is
 * @returns keeps the ports that it gave, so that what did not change is not restarted. Throws UserError when pods of
 * these objects could not start, or when `only` or `shown` names something else
 */
export function decider(root: string, folder: string, { path, only, shown }: { path: string; only?: readonly string[]; shown?: readonly string[] }): Decide {
  const ports = new Map<string, number>();
  return async ({ objects, images }) => {
    const { containers } = readObjects(objects);
    const names = containers.map(({ name }) => name);
    for (const [flag, wanted = []] of [["--only", only], ["--log", shown]] as const) {
      const unknown = wanted.filter((name) => !names.includes(name));
      if (unknown.length === 0) continue;
      throw new UserError(`no process is called ${unknown.join(", ")}`, { why: `the manifests have ${names.join(", ")}`, next: `${flag} ${nearest(unknown[0]!, names) ?? names[0]}`, exitCode: 2 });
    }
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

/** @returns the addresses that browsers open, one for each route to a process that runs */
export function urlsOf({ routes, tlsHosts }: Plan, httpsPort: number, httpPort: number) {
  return routes.flatMap(({ host, path, process, port }) => {
    if (!host || host.startsWith("*") || port === undefined) return [];
    const secure = tlsHosts.includes(host);
    const own = secure ? (httpsPort === 443 ? "" : `:${httpsPort}`) : httpPort === 80 ? "" : `:${httpPort}`;
    return [{ url: `http${secure ? "s" : ""}://${host}${own}${path === "/" ? "" : path}`, process }];
  });
}
