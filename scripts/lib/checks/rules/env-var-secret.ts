import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";
import { isSecretName, secretIn } from "../secrets.ts";

export default rule({
  name: "env-var-secret",
  group: "policy",
  why: "A secret written into a manifest is in git, in every diff and readable by all who may list pods.",
  others: ["sensitiveContainerEnvVar"],
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      for (const [index, { name = "", value }] of (container.env ?? []).entries()) {
        // $(NAME) is another variable's value.
        if (!value || /^\$\(\w+\)$/.test(value)) continue;
        const kind = secretIn(value) ?? (isSecretName(name) ? "a secret" : undefined);
        if (kind) yield { object: pod.object, path: pathOf(path, "env", index, "value"), message: `${name} looks like ${kind}, in plain text`, fix: "put it into a Secret: valueFrom.secretKeyRef" };
      }
      for (const field of ["command", "args"] as const)
        for (const [index, text] of (container[field] ?? []).entries()) {
          const kind = secretIn(text) ?? (/^--?[\w-]*(password|passwd|requirepass|token|secret)=(?!\$)\S+/i.test(text) ? "a secret" : undefined);
          if (kind) yield { object: pod.object, path: pathOf(path, field, index), message: `looks like ${kind}, in plain text`, fix: "read it from the environment: $(NAME) from a Secret" };
        }
    }
  },
});
