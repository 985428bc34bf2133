import type { Environment } from "../../manifests/environment.ts";
import { environments } from "../../manifests/environments/index.ts";
import { nearest, UsageError } from "./errors.ts";

/** @throws UsageError that lists the known names, for a name that is none of them or for none at all */
export function environmentNamed(name: string | undefined): Environment {
  const known: Record<string, Environment> = environments;
  if (name !== undefined && Object.hasOwn(known, name)) return known[name]!;
  const names = Object.keys(known);
  const meant = name === undefined ? undefined : nearest(name, names);
  throw new UsageError(name === undefined ? "which environment?" : `unknown environment ${JSON.stringify(name)}`, {
    why: `known are ${names.join(", ")} (manifests/environments/)`,
    next: `--env ${meant ?? "dev"}`,
  });
}
