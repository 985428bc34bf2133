import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "pod-security-namespace",
  group: "policy",
  why: "The cluster itself then refuses pods that break the restricted Pod Security Standard, whoever makes them.",
  *check(objects) {
    const namespaces = new Set(objects.pods.map(({ namespace }) => namespace));
    const key = "pod-security.kubernetes.io/enforce";
    for (const object of objects.of("Namespace"))
      if (namespaces.has(object.metadata.name) && object.metadata.labels?.[key] !== "restricted")
        yield { object, path: pathOf("metadata.labels", [key]), message: "is not restricted", fix: "set it to restricted" };
  },
});
