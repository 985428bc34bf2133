import { configNames, configReferences, keysOf } from "../config.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "missing-secret",
  group: "references",
  why: "A pod waits for ever for a Secret, or a key of it, that nobody writes.",
  others: ["env-value-from"],
  *check(objects) {
    for (const { pod, path, kind, name, key } of configReferences(objects, "Secret")) {
      const keys = keysOf(objects, kind, pod.namespace, name);
      const meant = keys ? "" : suggestion(name, configNames(objects, kind, pod.namespace));
      // Secrets are often made by hand, by a Job or by an operator: of YAML from elsewhere only a near miss is told.
      if (!keys && (objects.settings || meant.includes("did you mean")))
        yield { object: pod.object, path, message: `nobody makes a Secret ${name}${meant}`, fix: "correct the name, add the Secret, or set optional: true" };
      else if (keys && key !== undefined && keys !== "any" && !keys.has(key))
        yield { object: pod.object, path, message: `Secret ${name} has no key ${key}${suggestion(key, keys)}`, fix: "correct the key, or add it to the Secret" };
    }
  },
});
