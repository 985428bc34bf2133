import { isIPv4 } from "node:net";
import type { KubernetesObject } from "../../render.ts";
import { isDnsSubdomain, isHost } from "../names.ts";
import type { Of } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
import type { Finding } from "../types.ts";

type Backend = NonNullable<NonNullable<Of<"Ingress">["spec"]>["defaultBackend"]>;

export default rule({
  name: "ingress-shape",
  group: "object",
  why: "The API server refuses hosts with a scheme or port, relative paths, and backends that are not exactly one port of one Service.",
  *check(objects) {
    for (const object of objects.of("Ingress")) {
      const { rules = [], tls = [], defaultBackend } = object.spec ?? {};
      if (object.spec && rules.length === 0 && !defaultBackend)
        yield { object, path: "spec", message: "has neither rules nor a defaultBackend", fix: "add a rule" };
      if (defaultBackend) yield* backendFaults(object, "spec.defaultBackend", defaultBackend);
      for (const [index, { host, http }] of rules.entries()) {
        const place = pathOf("spec.rules", index);
        if (host !== undefined && host !== "" && !isHost(host)) yield { object, path: pathOf(place, "host"), message: `${JSON.stringify(host)} is no host name`, fix: hostFix };
        else if (host && isIPv4(host)) yield { object, path: pathOf(place, "host"), message: `${host} is an address, not a name`, fix: "name the host, or leave it out for every host" };
        if (http && (http.paths ?? []).length === 0) yield { object, path: pathOf(place, "http.paths"), message: "is empty", fix: "add a path" };
        for (const [number, { path, pathType, backend }] of (http?.paths ?? []).entries()) {
          const where = pathOf(place, "http.paths", number);
          if (pathType === "ImplementationSpecific" ? path && !path.startsWith("/") : !path?.startsWith("/"))
            yield { object, path: pathOf(where, "path"), message: `must begin with / for ${pathType ?? "Prefix"}`, fix: "write an absolute path" };
          else if (pathType !== "ImplementationSpecific" && /\/\/|\/\.\.?(\/|$)|%2f/i.test(path ?? ""))
            yield { object, path: pathOf(where, "path"), message: "may not hold //, /./, /../ or %2f", fix: "write a plain path" };
          if (backend) yield* backendFaults(object, pathOf(where, "backend"), backend);
        }
      }
      for (const [index, { secretName }] of tls.entries())
        if (secretName && !isDnsSubdomain(secretName))
          yield { object, path: pathOf("spec.tls", index, "secretName"), message: `${JSON.stringify(secretName)} is no Secret's name`, fix: "lower case letters, digits, - and ." };
      for (const [index, { hosts = [] }] of tls.entries())
        for (const [number, host] of hosts.entries())
          if (!isHost(host)) yield { object, path: pathOf("spec.tls", index, "hosts", number), message: `${JSON.stringify(host)} is no host name`, fix: hostFix };
      const { ingressClassName } = object.spec ?? {};
      if (ingressClassName !== undefined && !isDnsSubdomain(ingressClassName))
        yield { object, path: "spec.ingressClassName", message: `${JSON.stringify(ingressClassName)} is no name`, fix: "lower case letters, digits, - and ." };
      const annotated = object.metadata.annotations?.["kubernetes.io/ingress.class"];
      if (ingressClassName !== undefined && annotated !== undefined && annotated !== ingressClassName)
        yield { object, path: "metadata.annotations", message: `kubernetes.io/ingress.class is ${annotated}, but ingressClassName ${ingressClassName}`, fix: "remove the annotation" };
    }
  },
});

const hostFix = "lower case letters, digits, - and ., without scheme, port and path; * only as the first label";

function* backendFaults(object: KubernetesObject, path: string, { service, resource }: Backend): Iterable<Finding> {
  if (!service === !resource) yield { object, path, message: service ? "has both service and resource" : "has neither service nor resource", fix: "name one Service" };
  if (!service) return;
  const { name, number } = service.port ?? {};
  if ((name === undefined) === (number === undefined))
    yield { object, path: pathOf(path, "service.port"), message: name === undefined ? "has neither name nor number" : "has both name and number", fix: "set one of them" };
}
