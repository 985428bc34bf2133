import { namespaceOf } from "../objects.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "deployment-targeted-by-hpa-does-not-have-replicas-configured",
  group: "references",
  why: "A deploy with fixed replicas undoes what the autoscaler did, in the middle of the load.",
  *check(objects) {
    for (const autoscaler of objects.of("HorizontalPodAutoscaler")) {
      const { kind, name } = autoscaler.spec?.scaleTargetRef ?? {};
      if ((kind !== "Deployment" && kind !== "StatefulSet") || !name) continue;
      const object = objects.find(kind, namespaceOf(autoscaler), name);
      if (object?.spec?.replicas !== undefined)
        yield { object, path: "spec.replicas", message: `is fixed, but HorizontalPodAutoscaler ${autoscaler.metadata.name} decides it`, fix: "remove it; minReplicas is the least" };
    }
  },
});
