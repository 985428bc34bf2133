import type { Objects } from "./objects.ts";
import { pathOf } from "./paths.ts";
import { containersOf, suggestion } from "./rule.ts";
import type { Finding } from "./types.ts";

/** A name has to be one of the container's ports; a number may be undeclared, which is more often a slip than meant. */
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
      else if (isNumber && ports.length > 0 && !ports.some(({ containerPort }) => containerPort === Number(port)))
        yield { object: pod.object, path: place, severity: "warning", message: `the container declares no port ${port}`, fix: "correct it, or declare the port" };
    }
}
