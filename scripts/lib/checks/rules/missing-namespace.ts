import { rule, suggestion } from "../rule.ts";

const builtIn = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

export default rule({
  name: "missing-namespace",
  group: "references",
  why: "An object in a namespace that is not there, or not the one meant, fails or lands beside its friends.",
  *check(objects) {
    const known = new Set(objects.of("Namespace").map(({ metadata }) => metadata.name));
    // Who brings no Namespace has others make them.
    if (known.size === 0) return;
    for (const object of objects.all) {
      const { namespace } = object.metadata;
      if (namespace && !known.has(namespace) && !builtIn.has(namespace))
        yield { object, path: "metadata.namespace", message: `there is no Namespace ${namespace}${suggestion(namespace, known)}`, fix: "correct it, or add the Namespace" };
    }
  },
});
