import { rule } from "../rule.ts";

export default rule({
  name: "deployment-strategy",
  group: "object",
  why: "The API server refuses a rolling update that may neither add nor remove a pod, and its settings beside Recreate.",
  *check(objects) {
    for (const object of objects.of("Deployment")) {
      const { type, rollingUpdate } = object.spec?.strategy ?? {};
      for (const field of ["maxSurge", "maxUnavailable"] as const) {
        const value = rollingUpdate?.[field];
        if (value !== undefined && !/^\d+%$/.test(String(value)) && !(typeof value === "number" && Number.isInteger(value) && value >= 0))
          yield { object, path: `spec.strategy.rollingUpdate.${field}`, message: `${JSON.stringify(value)} is no number or percentage`, fix: "use 1 or 25%" };
      }
      if (type === "Recreate" && rollingUpdate)
        yield { object, path: "spec.strategy.rollingUpdate", message: "may not be set with type Recreate", fix: "remove it" };
      else if (isZero(rollingUpdate?.maxSurge) && isZero(rollingUpdate?.maxUnavailable))
        yield { object, path: "spec.strategy.rollingUpdate", message: "maxSurge and maxUnavailable are both 0: no pod could ever be replaced", fix: "set maxSurge: 1" };
    }
  },
});

const isZero = (value: number | string | undefined) => value === 0 || value === "0" || value === "0%";
