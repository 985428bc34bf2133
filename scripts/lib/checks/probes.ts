import type { Objects } from "./objects.ts";
import { pathOf } from "./paths.ts";
import { containersOf, suggestion } from "./rule.ts";
import type { Finding } from "./types.ts";

/** A name has to be one of the container's ports. A number works undeclared, too, but is more often a slip than meant: it is refused here only. */
export function* undeclaredPorts(objects: Objects, field: "livenessProbe" | "readinessProbe" | "startupProbe"): Iterable<Finding> {
  for (const { pod, container, path } of containersOf(objects))
    for (const handler of ["httpGet", "tcpSocket", "grpc"] as const) {
      const port = container[field]?.[handler]?.port;
      if (port === undefined) continue;
      const ports = container.ports ?? [];
      const names = ports.flatMap(({ name }) => name ?? []);
      const place = pathOf(path, field, handler, "port");
      const isNumber = typeof port === "number" || /^\d+$/.test(port);
      if (!isNumber && !names.includes(port))
        yield { object: pod.object, path: place, message: `the container has no port ${port}${suggestion(port, names)}`, fix: "name one of its ports" };
      else if (isNumber && objects.settings && ports.length > 0 && !ports.some(({ containerPort }) => containerPort === Number(port)))
        yield { object: pod.object, path: place, message: `the container declares no port ${port}${ports.length === 1 ? ` (it declares ${ports[0]!.containerPort})` : ""}`, fix: "correct it, or declare the port" };
    }
}
