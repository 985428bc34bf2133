import { isDnsLabel } from "../names.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "no-containers",
  group: "object",
  why: "A pod needs at least one container, and each container a name and an image.",
  *check(objects) {
    for (const { object, spec, path } of objects.pods)
      if (spec.containers?.length === 0) yield { object, path: pathOf(path, "containers"), message: "is empty", fix: "add a container" };
    for (const { pod, container, path } of containersOf(objects)) {
      if (container.name !== undefined && !isDnsLabel(container.name))
        yield { object: pod.object, path: pathOf(path, "name"), message: `${JSON.stringify(container.name)} is no container name`, fix: "lower case letters, digits and -, at most 63 characters" };
      if (!container.image) yield { object: pod.object, path: pathOf(path, "image"), message: "is missing", fix: "name the image to run" };
    }
    for (const { object, spec, path } of objects.pods)
      for (const [index, { name }] of (spec.volumes ?? []).entries())
        if (name !== undefined && !isDnsLabel(name))
          yield { object, path: pathOf(path, "volumes", index, "name"), message: `${JSON.stringify(name)} is no volume name`, fix: "lower case letters, digits and -, at most 63 characters" };
  },
});
