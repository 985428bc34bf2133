import type { KubernetesObject } from "../../render.ts";
import { namespaceOf, type Objects, type Of } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";
import type { Finding } from "../types.ts";

type Backend = NonNullable<NonNullable<Of<"Ingress">["spec"]>["defaultBackend"]>;

export default rule({
  name: "dangling-ingress",
  group: "references",
  why: "An Ingress that names a Service or port that does not exist answers 503.",
  others: ["ingress-targets-service"],
  *check(objects) {
    for (const object of objects.of("Ingress")) {
      const { rules = [], defaultBackend } = object.spec ?? {};
      if (defaultBackend) yield* faults(objects, object, "spec.defaultBackend", defaultBackend);
      for (const [index, { http }] of rules.entries())
        for (const [number, { backend }] of (http?.paths ?? []).entries())
          if (backend) yield* faults(objects, object, pathOf("spec.rules", index, "http.paths", number, "backend"), backend);
    }
  },
});

function* faults(objects: Objects, object: KubernetesObject, path: string, { service }: Backend): Iterable<Finding> {
  if (!service?.name) return;
  const namespace = namespaceOf(object);
  const found = objects.find("Service", namespace, service.name);
  if (!found) {
    yield { object, path: pathOf(path, "service.name"), message: `there is no Service ${service.name}${suggestion(service.name, objects.names("Service", namespace))}`, fix: "correct the name, or add the Service" };
    return;
  }
  // Another name for a host: whatever answers there, nothing here lists its ports.
  if (found.spec?.type === "ExternalName" && !found.spec.ports?.length) return;
  const { name, number } = service.port ?? {};
  const ports = found.spec?.ports ?? [];
  if (name !== undefined && !ports.some((port) => port.name === name))
    yield { object, path: pathOf(path, "service.port.name"), message: `Service ${service.name} has no port ${name}${suggestion(name, ports.flatMap(({ name }) => name ?? []))}`, fix: "use a name of its spec.ports" };
  if (name === undefined && number !== undefined && !ports.some(({ port }) => port === number))
    yield { object, path: pathOf(path, "service.port.number"), message: `Service ${service.name} has no port ${number} (it has ${ports.map(({ port }) => port).join(", ")})`, fix: "use a port of its spec.ports, not the container's" };
}
