import { namespaceOf } from "../objects.ts";
import { portionFault, replicasOf } from "../replicas.ts";
import { rule } from "../rule.ts";
import { matches } from "../selectors.ts";

export default rule({
  name: "pdb-min-available",
  group: "references",
  why: "A budget that needs as many pods as there are blocks every node's drain, and with it the cluster's upgrade.",
  *check(objects) {
    for (const object of objects.of("PodDisruptionBudget")) {
      const { minAvailable, selector } = object.spec ?? {};
      if (minAvailable === undefined || !selector) continue;
      const path = "spec.minAvailable";
      const fix = "set maxUnavailable: 1 instead";
      if (minAvailable === "100%") yield { object, path, message: "is 100%: no pod could be evicted", fix };
      // Of what is no number of pods, or more than all, another rule speaks.
      if (minAvailable === "100%" || portionFault(minAvailable)) continue;
      const workloads = objects.podsIn(namespaceOf(object)).filter(({ kind, labels }) => ["Deployment", "StatefulSet", "ReplicaSet"].includes(kind) && matches(selector, labels));
      const pods = workloads.reduce((sum, { object: workload }) => sum + replicasOf(objects, workload), 0);
      const needed = typeof minAvailable === "number" ? minAvailable : Math.ceil((parseInt(minAvailable, 10) * pods) / 100);
      if (pods > 0 && needed >= pods)
        yield { object, path, message: `is ${minAvailable} of ${pods} pod${pods === 1 ? "" : "s"}${typeof minAvailable === "number" ? "" : ", rounded up"}: none could be evicted`, fix };
    }
  },
});
