import { type Objects, type Of, type PodTemplate } from "./objects.ts";
import { matches, type Selector } from "./selectors.ts";

type Policy = Of<"NetworkPolicy">;

/** Pods that controllers make while they work, such as those that answer ACME challenges. */
export const isMadeByOthers = ({ matchLabels = {} }: Selector): boolean => Object.keys(matchLabels).some((key) => key.startsWith("acme.cert-manager.io/"));

/** @returns the directions that a policy closes; where it names none, ingress, and egress where it has rules of it */
export const typesOf = ({ policyTypes, egress }: NonNullable<Policy["spec"]>): readonly string[] =>
  policyTypes?.length ? policyTypes : egress?.length ? ["Ingress", "Egress"] : ["Ingress"];

/** @returns the policies of one direction that select a pod; what none selects may talk to everyone */
export function policiesOf(objects: Objects, pod: PodTemplate, direction: "Ingress" | "Egress"): Policy[] {
  return objects.of("NetworkPolicy", pod.namespace).filter(({ spec = {} }) => typesOf(spec).includes(direction) && matches(spec.podSelector ?? {}, pod.labels));
}
