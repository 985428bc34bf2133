import { rule } from "../rule.ts";

export default rule({
  name: "pdb-max-unavailable",
  group: "references",
  why: "A budget that allows no pod to be away blocks every node's drain, and with it the cluster's upgrade.",
  *check(objects) {
    for (const object of objects.of("PodDisruptionBudget")) {
      const { maxUnavailable } = object.spec ?? {};
      if (maxUnavailable !== undefined && parseInt(String(maxUnavailable), 10) === 0)
        yield { object, path: "spec.maxUnavailable", message: "is 0: no pod could be evicted", fix: "set maxUnavailable: 1" };
    }
  },
});
