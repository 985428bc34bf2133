import { namespaceOf } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";
import { matches } from "../selectors.ts";
import { portNames } from "../services.ts";

export default rule({
  name: "networkpolicy-ports",
  group: "references",
  why: "A policy is about the pods' ports, not the Services': a port that the pods don't have opens nothing.",
  *check(objects) {
    for (const object of objects.of("NetworkPolicy")) {
      const { podSelector = {}, ingress = [] } = object.spec ?? {};
      const selected = objects.podsIn(namespaceOf(object)).filter(({ labels }) => matches(podSelector, labels));
      const declared = selected.flatMap(({ containers }) => containers.flatMap(({ container }) => container.ports ?? []));
      if (declared.length === 0) continue;
      for (const [index, { ports = [] }] of ingress.entries())
        for (const [number, { port, endPort }] of ports.entries()) {
          const path = pathOf("spec.ingress", index, "ports", number, "port");
          if (typeof port === "string" && !selected.some((pod) => portNames(pod).includes(port)))
            yield { object, path, message: `no selected pod has a port ${port}${suggestion(port, selected.flatMap(portNames))}`, fix: "use a name of their containers' ports" };
          else if (objects.settings && typeof port === "number" && endPort === undefined && !declared.some(({ containerPort }) => containerPort === port))
            yield { object, path, severity: "warning", message: `no selected pod declares port ${port} (declared: ${declared.map(({ containerPort }) => containerPort).join(", ")})`, fix: "use the container's port, not the Service's" };
        }
    }
  },
});
