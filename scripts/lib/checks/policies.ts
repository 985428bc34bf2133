import { type Objects, type Of, type PodTemplate } from "./objects.ts";
import { matches, type Selector } from "./selectors.ts";

type Policy = Of<"NetworkPolicy">;

/** Pods that controllers make while they work, such as those that answer ACME challenges. */
export const isMadeByOthers = ({ matchLabels = {} }: Selector): boolean => Object.keys(matchLabels).some((key) => key.startsWith("acme.cert-manager.io/"));

/** @returns the policies of one direction that select a pod; what none selects may talk to everyone */
export function policiesOf(objects: Objects, pod: PodTemplate, direction: "Ingress" | "Egress"): Policy[] {
  return objects.of("NetworkPolicy", pod.namespace).filter((policy) => {
    const { podSelector = {}, policyTypes, egress } = policy.spec ?? {};
    // Left out, it means ingress, and egress where there are rules of it.
    const types = policyTypes ?? (egress ? ["Ingress", "Egress"] : ["Ingress"]);
    return types.includes(direction) && matches(podSelector, pod.labels);
  });
}
