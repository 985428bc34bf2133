import { isEnvName } from "../names.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "valid-env-name",
  group: "object",
  why: "The API server refuses an empty variable name or one with = in it; programs can't read one with odd characters.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      for (const [index, { name }] of (container.env ?? []).entries()) {
        if (name === undefined) continue;
        const place = pathOf(path, "env", index, "name");
        if (!isEnvName(name)) yield { object: pod.object, path: place, message: `${JSON.stringify(name)} is no variable name`, fix: "letters, digits and _" };
        else if (/\s|^\d/.test(name)) yield { object: pod.object, path: place, severity: "warning", message: `${JSON.stringify(name)} can't be read by a shell`, fix: "letters, digits and _, no digit first" };
      }
  },
});
