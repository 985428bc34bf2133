import { namespaceOf, type Of } from "../objects.ts";
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
      const workloads = objects.pods.filter(({ kind, namespace, labels }) => ["Deployment", "StatefulSet", "ReplicaSet"].includes(kind) && namespace === namespaceOf(object) && matches(selector, labels));
      if (workloads.length === 0) continue;
      const pods = workloads.reduce((sum, { object: workload }) => sum + replicasOf(workload as Of<"Deployment">), 0);
      if (minAvailable >= pods) yield { object, path, message: `is ${minAvailable} of ${pods} pod${pods === 1 ? "" : "s"}: none could be evicted`, fix: "set maxUnavailable: 1 instead" };
    }

    function replicasOf(workload: Of<"Deployment">): number {
      const scaled = objects.of("HorizontalPodAutoscaler").find(({ spec, metadata }) =>
        spec?.scaleTargetRef?.kind === workload.kind && spec.scaleTargetRef.name === workload.metadata.name && (metadata.namespace ?? "default") === namespaceOf(workload));
      return scaled ? (scaled.spec?.minReplicas ?? 1) : (workload.spec?.replicas ?? 1);
    }
  },
});
