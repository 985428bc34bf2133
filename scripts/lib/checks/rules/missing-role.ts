import { namespaceOf } from "../objects.ts";
import { rule, suggestion } from "../rule.ts";

const builtIn = /^(cluster-admin|admin|edit|view|system:.*)$/;

export default rule({
  name: "missing-role",
  group: "references",
  why: "A binding of a role or to an account that does not exist grants nothing, and the program fails with 403.",
  *check(objects) {
    for (const object of [...objects.of("RoleBinding"), ...objects.of("ClusterRoleBinding")]) {
      const { roleRef, subjects = [] } = object;
      const namespace = namespaceOf(object);
      const { kind, name } = roleRef ?? {};
      // Kubernetes' own roles live in kube-system.
      if (kind === "Role" && name && namespace !== "kube-system" && namespace !== "kube-public" && !objects.find("Role", namespace, name))
        yield { object, path: "roleRef.name", message: `there is no Role ${name}${suggestion(name, objects.names("Role", namespace))}`, fix: "correct the name, or add the Role" };
      if (kind === "ClusterRole" && name && !builtIn.test(name) && !objects.find("ClusterRole", "", name))
        yield { object, severity: "warning", path: "roleRef.name", message: `there is no ClusterRole ${name}${suggestion(name, objects.names("ClusterRole", ""))}`, fix: "correct the name, or add the ClusterRole" };
      for (const [index, subject] of subjects.entries()) {
        if (subject.kind !== "ServiceAccount" || !subject.name || subject.name === "default") continue;
        const place = subject.namespace ?? namespace;
        if (objects.of("ServiceAccount", place).length > 0 && !objects.find("ServiceAccount", place, subject.name))
          yield { object, path: `subjects[${index}].name`, message: `there is no ServiceAccount ${subject.name}${suggestion(subject.name, objects.names("ServiceAccount", place))}`, fix: "correct the name, or add the ServiceAccount" };
      }
    }
  },
});
