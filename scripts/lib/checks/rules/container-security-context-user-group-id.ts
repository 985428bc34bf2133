import { pathOf } from "../paths.ts";
import { linuxContainersOf, rule } from "../rule.ts";

export default rule({
  name: "container-security-context-user-group-id",
  group: "policy",
  why: "A numeric user of 10000 or more can't be one of the node's, should the process get out of its container.",
  *check(objects) {
    for (const { pod, container, path } of linuxContainersOf(objects))
      for (const field of ["runAsUser", "runAsGroup"] as const) {
        const id = container.securityContext?.[field] ?? pod.spec.securityContext?.[field];
        const place = pathOf(path, "securityContext", field);
        if (id === undefined) yield { object: pod.object, path: place, message: "is not set, for the container or its pod", fix: `set ${field}: 10001` };
        else if (id < 10000) yield { object: pod.object, path: place, message: `is ${id}, which the node may use too`, fix: `set ${field}: 10001` };
      }
  },
});
