import { pathOf } from "../paths.ts";
import { policiesOf } from "../policies.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "egress-without-dns",
  group: "policy",
  severity: "warning",
  why: "A pod that may speak to a Service but not to the DNS server never finds it.",
  *check(objects) {
    for (const pod of objects.pods) {
      const rules = policiesOf(objects, pod, "Egress").flatMap(({ spec }) => spec?.egress ?? []);
      const speaks = rules.some(({ to = [] }) => to.some(({ podSelector, namespaceSelector }) => podSelector || namespaceSelector));
      const asks = rules.some(({ ports }) => !ports?.length || ports.some(({ port, endPort, protocol }) => protocol === "UDP" && (port === undefined || port === 53 || port === "dns" || (typeof port === "number" && port <= 53 && (endPort ?? port) >= 53))));
      if (speaks && !asks) yield { object: pod.object, path: pathOf(pod.labelsPath), message: "its NetworkPolicies allow no DNS", fix: "allow UDP and TCP 53 to kube-dns in kube-system" };
    }
  },
});
