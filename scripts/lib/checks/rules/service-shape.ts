import { isIP } from "node:net";
import { isDnsSubdomain, isPortName } from "../names.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "service-shape",
  group: "object",
  why: "The API server refuses a Service without ports, or with fields that its type does not have.",
  *check(objects) {
    for (const object of objects.of("Service")) {
      const { type = "ClusterIP", clusterIP, ports = [], externalName, externalTrafficPolicy } = object.spec ?? {};
      if (type === "ExternalName") {
        if (externalName && !isDnsSubdomain(externalName.replace(/\.$/, ""))) yield { object, path: "spec.externalName", message: `${JSON.stringify(externalName)} is no host name`, fix: "a name such as db.example.com, without scheme and port" };
        if (!externalName) yield { object, path: "spec.externalName", message: "is missing", fix: "name the host that it stands for" };
        continue;
      }
      for (const [index, { targetPort }] of ports.entries())
        if (typeof targetPort === "string" && targetPort !== "" && !isPortName(targetPort))
          yield { object, path: pathOf("spec.ports", index, "targetPort"), message: `${JSON.stringify(targetPort)} is no port name`, fix: "the name of a container's port, or a number without quotes" };
      if (object.spec && ports.length === 0 && clusterIP !== "None") yield { object, path: "spec.ports", message: "is empty", fix: "list the ports, or set clusterIP: None" };
      if (clusterIP && clusterIP !== "None" && isIP(clusterIP) === 0) yield { object, path: "spec.clusterIP", message: `${JSON.stringify(clusterIP)} is no address`, fix: "remove it, or set None" };
      if (clusterIP === "None" && type !== "ClusterIP") yield { object, path: "spec.clusterIP", message: `may not be None with type ${type}`, fix: "remove one of them" };
      if (type === "ClusterIP") {
        for (const [index, { nodePort }] of ports.entries())
          if (nodePort) yield { object, path: pathOf("spec.ports", index, "nodePort"), message: "may not be set with type ClusterIP", fix: "remove it, or set type: NodePort" };
        if (externalTrafficPolicy && !object.spec?.externalIPs?.length)
          yield { object, path: "spec.externalTrafficPolicy", message: "may not be set with type ClusterIP", fix: "remove it" };
      }
    }
  },
});
