import { namespaceOf } from "../objects.ts";
import { replicasOf } from "../replicas.ts";
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
      if (typeof minAvailable === "string" && parseInt(minAvailable, 10) >= 100) yield { object, path, message: `is ${minAvailable}: no pod could be evicted`, fix: "set maxUnavailable: 1 instead" };
      if (typeof minAvailable !== "number") continue;
      const workloads = objects.podsIn(namespaceOf(object)).filter(({ kind, labels }) => ["Deployment", "StatefulSet", "ReplicaSet"].includes(kind) && matches(selector, labels));
      if (workloads.length === 0) continue;
      const pods = workloads.reduce((sum, { object: workload }) => sum + replicasOf(objects, workload), 0);
      if (minAvailable >= pods) yield { object, path, message: `is ${minAvailable} of ${pods} pod${pods === 1 ? "" : "s"}: none could be evicted`, fix: "set maxUnavailable: 1 instead" };
    }
  },
});
