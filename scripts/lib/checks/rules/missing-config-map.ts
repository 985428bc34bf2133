import { configNames, configReferences, keysOf } from "../config.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "missing-config-map",
  group: "references",
  why: "A pod waits for ever for a ConfigMap, or a key of it, that does not exist.",
  others: ["env-value-from"],
  *check(objects) {
    for (const { pod, path, kind, name, key } of configReferences(objects, "ConfigMap")) {
      const keys = keysOf(objects, kind, pod.namespace, name);
      if (!keys)
        yield { object: pod.object, path, message: `there is no ConfigMap ${name}${suggestion(name, configNames(objects, kind, pod.namespace))}`, fix: "correct the name, add the ConfigMap, or set optional: true" };
      else if (key !== undefined && keys !== "any" && !keys.has(key))
        yield { object: pod.object, path, message: `ConfigMap ${name} has no key ${key}${suggestion(key, keys)}`, fix: "correct the key, or add it to the ConfigMap" };
    }
  },
});
