import { isDnsLabel, isPortName } from "../names.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "valid-port-name",
  group: "object",
  why: "The API server refuses port names over 15 characters, and unnamed ports where a Service has several.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      for (const [index, { name }] of (container.ports ?? []).entries())
        if (name && !isPortName(name))
          yield { object: pod.object, path: pathOf(path, "ports", index, "name"), message: `${JSON.stringify(name)} is no port name`, fix: "lower case letters, digits and single -, at least one letter, at most 15 characters" };
    for (const object of objects.of("Service")) {
      const ports = object.spec?.ports ?? [];
      for (const [index, { name }] of ports.entries())
        if (!name ? ports.length > 1 : !isDnsLabel(name))
          yield {
            object,
            path: pathOf("spec.ports", index, "name"),
            message: !name ? "is missing, and the Service has several ports" : `${JSON.stringify(name)} is no port name`,
            fix: "lower case letters, digits and -, at most 63 characters",
          };
    }
  },
});
