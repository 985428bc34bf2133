import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";
import { containerPort, podsBehind, portNames } from "../services.ts";

export default rule({
  name: "invalid-target-ports",
  group: "references",
  why: "A Service that sends to a port name that its pods don't have sends to nobody.",
  *check(objects) {
    for (const object of objects.of("Service"))
      for (const pod of podsBehind(objects, object))
        for (const [index, { port, targetPort = port }] of (object.spec?.ports ?? []).entries()) {
          if (targetPort === undefined) continue;
          const path = pathOf("spec.ports", index, "targetPort");
          const owner = `${pod.object.kind} ${pod.object.metadata.name}`;
          if (typeof targetPort === "string" && !/^\d+$/.test(targetPort)) {
            if (containerPort(pod, targetPort) === undefined)
              yield { object, path, message: `${owner} has no port ${targetPort}${suggestion(targetPort, portNames(pod))}`, fix: "name a containers[].ports[].name" };
            continue;
          }
          const declared = pod.containers.flatMap(({ container }) => container.ports?.map(({ containerPort }) => containerPort) ?? []);
          if (objects.settings && declared.length > 0 && !declared.includes(Number(targetPort)))
            yield { object, path, severity: "warning", message: `${owner} declares no port ${targetPort} (it declares ${declared.join(", ")})`, fix: "correct it, or declare the port" };
        }
  },
});
