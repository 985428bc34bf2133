import { pathOf } from "../paths.ts";
import { containersOf, repeated, rule } from "../rule.ts";

export default rule({
  name: "duplicate-env-var",
  group: "object",
  why: "Of two variables of one name only the last is set, and server-side apply refuses the list.",
  others: ["environment-variable-key-duplication"],
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      for (const { name, index, first } of repeated(container.env ?? [], ({ name }) => name))
        yield { object: pod.object, path: pathOf(path, "env", index), message: `${name} is set by env[${first}] already`, fix: "remove one of them" };
  },
});
