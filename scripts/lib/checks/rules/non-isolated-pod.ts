import { policiesOf } from "../policies.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "non-isolated-pod",
  group: "policy",
  why: "A pod that no NetworkPolicy selects may talk to every other pod, and to the world.",
  others: ["pod-networkpolicy"],
  *check(objects) {
    for (const pod of objects.pods)
      for (const direction of ["Ingress", "Egress"] as const)
        if (policiesOf(objects, pod, direction).length === 0)
          yield { object: pod.object, path: pod.labelsPath, message: `no NetworkPolicy limits its ${direction.toLowerCase()}`, fix: "add a default-deny policy to the namespace, then the flows that are meant" };
  },
});
