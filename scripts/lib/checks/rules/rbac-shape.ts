import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "rbac-shape",
  group: "object",
  why: "The API server refuses rules without verbs, groups or resources, and bindings to what is neither a role nor an account.",
  *check(objects) {
    for (const object of [...objects.of("Role"), ...objects.of("ClusterRole")])
      for (const [index, { apiGroups, resources, verbs, nonResourceURLs }] of (object.rules ?? []).entries()) {
        const path = pathOf("rules", index);
        if (verbs?.length === 0) yield { object, path: pathOf(path, "verbs"), message: "is empty", fix: "list what may be done: get, list, watch" };
        if (nonResourceURLs?.length) continue;
        if (!apiGroups?.length) yield { object, path: pathOf(path, "apiGroups"), message: "is missing", fix: '"" is the core group of Pods and ConfigMaps' };
        if (!resources?.length) yield { object, path: pathOf(path, "resources"), message: "is missing", fix: "list them in the plural: pods, configmaps" };
      }
    for (const object of [...objects.of("RoleBinding"), ...objects.of("ClusterRoleBinding")]) {
      const { roleRef, subjects = [] } = object;
      const kinds = object.kind === "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"];
      if (roleRef?.kind !== undefined && !kinds.includes(roleRef.kind))
        yield { object, path: "roleRef.kind", message: `a ${object.kind} can't bind a ${JSON.stringify(roleRef.kind)}${suggestion(roleRef.kind, kinds)}`, fix: `use ${kinds.join(" or ")}` };
      if (roleRef?.apiGroup !== undefined && !["", "rbac.authorization.k8s.io"].includes(roleRef.apiGroup))
        yield { object, path: "roleRef.apiGroup", message: `roles are not of ${JSON.stringify(roleRef.apiGroup)}`, fix: "use rbac.authorization.k8s.io" };
      if (roleRef?.name === "") yield { object, path: "roleRef.name", message: "is empty", fix: "name the role" };
      for (const [index, { kind, name, namespace, apiGroup }] of subjects.entries()) {
        const path = pathOf("subjects", index);
        const known = ["ServiceAccount", "User", "Group"];
        if (kind !== undefined && !known.includes(kind)) yield { object, path: pathOf(path, "kind"), message: `nobody is a ${JSON.stringify(kind)}${suggestion(kind, known)}`, fix: `use ${known.join(", ")}` };
        const group = kind === "ServiceAccount" ? "" : "rbac.authorization.k8s.io";
        if (apiGroup && kind !== undefined && known.includes(kind) && apiGroup !== group)
          yield { object, path: pathOf(path, "apiGroup"), message: `a ${kind} is not of ${JSON.stringify(apiGroup)}`, fix: group ? `use ${group}` : "remove it" };
        if (name === "") yield { object, path: pathOf(path, "name"), message: "is empty", fix: "name the account" };
        if (kind === "ServiceAccount" && !namespace && object.kind === "ClusterRoleBinding")
          yield { object, path: pathOf(path, "namespace"), message: "is missing", fix: "name the account's namespace" };
      }
    }
  },
});
