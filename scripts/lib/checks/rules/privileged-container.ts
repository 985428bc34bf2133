import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "privileged-container",
  group: "policy",
  why: "A privileged container is root on its node (Pod Security: baseline).",
  others: ["container-security-context-privileged"],
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      if (container.securityContext?.privileged) yield { object: pod.object, path: pathOf(path, "securityContext.privileged"), message: "is true", fix: "remove it" };
  },
});
