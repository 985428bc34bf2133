import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "run-as-non-root",
  group: "policy",
  why: "Root in a container is one kernel fault away from root on the node (Pod Security: restricted).",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      const shared = pod.spec.securityContext ?? {};
      const own = container.securityContext ?? {};
      if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true)
        yield { object: pod.object, path: pathOf(path, "securityContext.runAsNonRoot"), message: "is not true, for the container or its pod", fix: "set runAsNonRoot: true" };
    }
  },
});
