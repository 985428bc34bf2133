import { namespaceOf } from "../objects.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "statefulset-has-servicename",
  group: "references",
  why: "A StatefulSet's pods have names of their own only through a headless Service.",
  *check(objects) {
    for (const object of objects.of("StatefulSet")) {
      const { serviceName } = object.spec ?? {};
      const namespace = namespaceOf(object);
      // Optional since Kubernetes 1.34: then the pods have no names.
      if (!serviceName) continue;
      const service = objects.find("Service", namespace, serviceName);
      if (!service)
        yield { object, path: "spec.serviceName", message: `there is no Service ${serviceName}${suggestion(serviceName, objects.names("Service", namespace))}`, fix: "correct the name, or add a headless Service" };
      else if (service.spec?.clusterIP !== "None")
        yield { object, severity: "warning", path: "spec.serviceName", message: `Service ${serviceName} is not headless: pods get no names`, fix: "set clusterIP: None in the Service" };
    }
  },
});
