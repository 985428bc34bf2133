import { isPortName } from "./names.ts";
import type { Container, Objects } from "./objects.ts";
import { pathOf } from "./paths.ts";
import { containersOf, suggestion } from "./rule.ts";
import type { Finding } from "./types.ts";

const askers = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"] as const;
type Asker = (typeof askers)[number];

interface Handler {
  readonly host?: string;
  readonly port?: number | string;
}

/** What the kubelet asks of a container over the network, in probes and in the hooks of its lifecycle. */
export function* handlersOf({ container, path }: Pick<Container, "container" | "path">, wanted: readonly Asker[] = askers): Iterable<{ path: string; handler: Handler }> {
  for (const asker of wanted) {
    if (!container[asker]) continue;
    const { postStart, preStop } = container.lifecycle ?? {};
    const asking = asker === "lifecycle" ? { "lifecycle.postStart": postStart, "lifecycle.preStop": preStop } : { [asker]: container[asker] };
    for (const [place, fields] of Object.entries<{ httpGet?: Handler; tcpSocket?: Handler; grpc?: Handler } | undefined>(asking))
      for (const name of ["httpGet", "tcpSocket", "grpc"] as const) {
        const handler = fields?.[name];
        if (handler) yield { path: pathOf(path, place, name), handler };
      }
  }
}

/**
 * A name has to be one of the container's ports. A number works undeclared, too, but is more often a slip than meant: it is
 * refused here only, and of probes only, for a hook may speak to the pod's other containers.
 */
export function* undeclaredPorts(objects: Objects, asker: Asker): Iterable<Finding> {
  for (const { pod, container, path } of containersOf(objects))
    for (const { path: place, handler } of handlersOf({ container, path }, [asker])) {
      const { port } = handler;
      if (port === undefined) continue;
      const { object } = pod;
      const ports = container.ports ?? [];
      const names = ports.flatMap(({ name }) => name ?? []);
      if (typeof port === "string" && !isPortName(port))
        yield { object, path: pathOf(place, "port"), message: `${JSON.stringify(port)} is no port name`, fix: "name one of the container's ports, or write a number without quotes" };
      else if (typeof port === "string" && !names.includes(port))
        yield { object, path: pathOf(place, "port"), message: `the container has no port ${port}${suggestion(port, names)}`, fix: "name one of its ports" };
      else if (typeof port === "number" && asker !== "lifecycle" && objects.settings && ports.length > 0 && !ports.some(({ containerPort }) => containerPort === port))
        yield { object, path: pathOf(place, "port"), message: `the container declares no port ${port}${ports.length === 1 ? ` (it declares ${ports[0]!.containerPort})` : ""}`, fix: "correct it, or declare the port" };
    }
}
