import { typesOf } from "../policies.ts";
import { rule } from "../rule.ts";
import { isEmpty } from "../selectors.ts";

export default rule({
  name: "default-deny",
  group: "policy",
  why: "Without a policy that selects every pod and allows nothing, tomorrow's pod is open until somebody remembers.",
  *check(objects) {
    const namespaces = new Set(objects.pods.map(({ namespace }) => namespace));
    for (const object of objects.of("Namespace")) {
      if (!namespaces.has(object.metadata.name)) continue;
      const closed = objects.of("NetworkPolicy", object.metadata.name).filter((policy) => isEmpty(policy.spec?.podSelector ?? {}));
      for (const direction of ["Ingress", "Egress"] as const) {
        const field = direction === "Ingress" ? "ingress" : "egress";
        if (!closed.some(({ spec }) => spec && typesOf(spec).includes(direction) && !spec[field]?.length))
          yield { object, path: "metadata.name", message: `no NetworkPolicy denies all ${field} by default`, fix: `add one with podSelector: {} and policyTypes: [Ingress, Egress]` };
      }
    }
  },
});
