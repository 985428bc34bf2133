import { pathOf } from "../paths.ts";
import { linuxContainersOf, rule } from "../rule.ts";

export default rule({
  name: "privilege-escalation-container",
  group: "policy",
  why: "Without it a setuid program in the image makes its caller root (Pod Security: restricted).",
  *check(objects) {
    for (const { pod, container, path } of linuxContainersOf(objects))
      if (container.securityContext?.allowPrivilegeEscalation !== false)
        yield { object: pod.object, path: pathOf(path, "securityContext.allowPrivilegeEscalation"), message: "is not false", fix: "set allowPrivilegeEscalation: false" };
  },
});
