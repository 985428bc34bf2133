import { isClusterScoped } from "../objects.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "use-namespace",
  group: "references",
  why: "An object without a namespace lands in whichever is current, usually `default`; one that can't have any is refused with it.",
  *check(objects) {
    for (const object of objects.all) {
      if (!objects.comparisons.has(object) || object.kind.endsWith("Review")) continue;
      const { namespace } = object.metadata;
      if (isClusterScoped(object) && namespace)
        yield { object, severity: "warning", path: "metadata.namespace", message: `a ${object.kind} belongs to no namespace`, fix: "remove it" };
      else if (!isClusterScoped(object) && (namespace === undefined || namespace === "") && objects.settings)
        yield { object, path: "metadata.namespace", message: "is missing", fix: `set it${objects.settings.namespace ? `: ${objects.settings.namespace}` : ""}` };
    }
  },
});
