import { keysOf } from "../config.ts";
import type { Loose, Objects, PodTemplate } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule, suggestion } from "../rule.ts";
import type { IContainer } from "kubernetes-models/v1/Container";

export default rule({
  name: "undefined-variable",
  group: "references",
  severity: "warning",
  why: "Kubernetes leaves $(NAME) as it is where the container has no such variable, and the program reads it literally.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      // In a shell $(…) runs a command.
      if (/(^|\/)(ba|da|a|z)?sh$/.test(container.command?.[0] ?? "")) continue;
      const known = variablesOf(objects, pod, container);
      if (known === "any") continue;
      for (const field of ["command", "args"] as const)
        for (const [index, text] of (container[field] ?? []).entries())
          for (const [, name] of text.matchAll(/(?<!\$)\$\(([A-Za-z_]\w*)\)/g))
            if (!known.has(name!))
              yield { object: pod.object, path: pathOf(path, field, index), message: `the container has no variable ${name}${suggestion(name!, known)}`, fix: `add it to env, or write $$(${name}) if that is meant` };
    }
  },
});

function variablesOf(objects: Objects, pod: PodTemplate, container: Loose<IContainer>): Set<string> | "any" {
  const names = new Set((container.env ?? []).flatMap(({ name }) => name ?? []));
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const kind = configMapRef ? "ConfigMap" : "Secret";
    const keys = keysOf(objects, kind, pod.namespace, (configMapRef ?? secretRef)?.name ?? "");
    if (!keys || keys === "any") return "any";
    for (const key of keys) names.add(prefix + key);
  }
  return names;
}
