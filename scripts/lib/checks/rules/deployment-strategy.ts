import { portionFault } from "../replicas.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "deployment-strategy",
  group: "object",
  why: "The API server refuses a rolling update that may neither add nor remove a pod, or remove more than 100% of them, and its settings beside Recreate.",
  *check(objects) {
    for (const object of objects.of("Deployment")) {
      const { type, rollingUpdate } = object.spec?.strategy ?? {};
      for (const field of ["maxSurge", "maxUnavailable"] as const) {
        const value = rollingUpdate?.[field];
        // Any number of pods may be added: twice as many again is 200%.
        const fault = value === undefined ? undefined : portionFault(value, field === "maxSurge" ? Infinity : 100);
        if (fault) yield { object, path: `spec.strategy.rollingUpdate.${field}`, message: fault, fix: "use 1 or 25%" };
      }
      if (type === "Recreate" && rollingUpdate)
        yield { object, path: "spec.strategy.rollingUpdate", message: "may not be set with type Recreate", fix: "remove it" };
      else if (isZero(rollingUpdate?.maxSurge) && isZero(rollingUpdate?.maxUnavailable))
        yield { object, path: "spec.strategy.rollingUpdate", message: "maxSurge and maxUnavailable are both 0: no pod could ever be replaced", fix: "set maxSurge: 1" };
    }
    for (const object of objects.of("DaemonSet"))
      for (const field of ["maxSurge", "maxUnavailable"] as const) {
        const value = object.spec?.updateStrategy?.rollingUpdate?.[field];
        const fault = value === undefined ? undefined : portionFault(value);
        if (fault) yield { object, path: `spec.updateStrategy.rollingUpdate.${field}`, message: fault, fix: "use 1 or 25%" };
      }
  },
});

const isZero = (value: number | string | undefined) => value === 0 || value === "0" || value === "0%";
