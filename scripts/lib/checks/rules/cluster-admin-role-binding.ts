import { rule } from "../rule.ts";

export default rule({
  name: "cluster-admin-role-binding",
  group: "policy",
  why: "Whoever gets into such a pod owns the cluster.",
  *check(objects) {
    for (const object of objects.of("ClusterRoleBinding"))
      if (object.roleRef?.name === "cluster-admin") yield { object, path: "roleRef.name", message: "is cluster-admin", fix: "bind a role with what is needed" };
  },
});
