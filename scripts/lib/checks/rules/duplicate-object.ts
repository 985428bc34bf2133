import { namespaceOf } from "../objects.ts";
import { rule } from "../rule.ts";
import { originOf } from "../../origins.ts";

export default rule({
  name: "duplicate-object",
  group: "references",
  why: "Of two objects of one kind and name the later overwrites the earlier.",
  *check({ all }) {
    const seen = new Map<string, (typeof all)[number]>();
    for (const object of all) {
      if (object.kind === "" || object.metadata.name === "") continue;
      const group = object.apiVersion.includes("/") ? object.apiVersion.split("/")[0] : "";
      const key = `${group}/${object.kind}/${namespaceOf(object)}/${object.metadata.name}`;
      const first = seen.get(key);
      if (!first) {
        seen.set(key, object);
        continue;
      }
      const origin = originOf(first);
      yield { object, path: "metadata.name", message: `another ${object.kind} ${object.metadata.name} is made${origin ? ` at ${origin.file}:${origin.line}` : " before it"}`, fix: "rename or remove one of them" };
    }
  },
});
