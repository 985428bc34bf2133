import { accountOf, namespaceOf } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "service-account-token",
  group: "policy",
  why: "A token that the program does not use is a way into the cluster's API for whoever gets into the program.",
  others: ["automountServiceAccountToken"],
  *check(objects) {
    const bindings = [...objects.of("RoleBinding"), ...objects.of("ClusterRoleBinding")];
    for (const { object, namespace, spec, path } of objects.pods) {
      const name = accountOf(spec);
      const account = objects.find("ServiceAccount", namespace, name);
      if ((spec.automountServiceAccountToken ?? account?.automountServiceAccountToken) === false) continue;
      const isUsed = bindings.some((binding) => binding.subjects?.some((subject) => subject.kind === "ServiceAccount" && subject.name === name && (subject.namespace ?? namespaceOf(binding)) === namespace));
      if (!isUsed) yield { object, path: pathOf(path, "automountServiceAccountToken"), message: `mounts a token of ${name}, to which no role is bound`, fix: "set automountServiceAccountToken: false" };
    }
  },
});
