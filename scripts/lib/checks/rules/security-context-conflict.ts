import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "security-context-conflict",
  group: "object",
  why: "A container told to run as root and not as root never starts; privileged without privilege escalation is refused.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      const own = container.securityContext ?? {};
      const shared = pod.spec.securityContext ?? {};
      const user = own.runAsUser ?? shared.runAsUser;
      if ((own.runAsNonRoot ?? shared.runAsNonRoot) && user === 0)
        yield { object: pod.object, path: pathOf(path, "securityContext.runAsUser"), message: "is 0, root, but runAsNonRoot is set", fix: "use a number over 0" };
      const adds = own.capabilities?.add ?? [];
      if (own.allowPrivilegeEscalation === false && (own.privileged || adds.includes("SYS_ADMIN") || adds.includes("CAP_SYS_ADMIN")))
        yield { object: pod.object, path: pathOf(path, "securityContext.allowPrivilegeEscalation"), message: `may not be false for a container that is ${own.privileged ? "privileged" : "given SYS_ADMIN"}`, fix: "drop the privilege" };
    }
  },
});
