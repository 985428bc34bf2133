import { pathOf } from "../paths.ts";
import { linuxContainersOf, rule } from "../rule.ts";

export default rule({
  name: "container-seccomp-profile",
  group: "policy",
  why: "Without a profile a container may make every system call of the kernel (Pod Security: restricted).",
  *check(objects) {
    for (const { pod, container, path } of linuxContainersOf(objects)) {
      const profile = container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
      if (profile?.type !== "RuntimeDefault" && profile?.type !== "Localhost")
        yield { object: pod.object, path: pathOf(path, "securityContext.seccompProfile"), message: profile ? `is ${profile.type}` : "is not set, for the container or its pod", fix: "set type: RuntimeDefault" };
    }
  },
});
