import { namespaceOf, type Objects, type Of, type PodTemplate } from "./objects.ts";
import { hasLabels } from "./selectors.ts";

/** @returns the pods that a Service sends to; none for one without a selector, whose endpoints somebody else writes */
export function podsBehind(objects: Objects, service: Of<"Service">): PodTemplate[] {
  const { selector } = service.spec ?? {};
  if (!selector || Object.keys(selector).length === 0) return [];
  return objects.podsIn(namespaceOf(service)).filter(({ labels }) => hasLabels(selector, labels));
}

/** @returns the number of a pod's port by name or number; undefined if no container has such a name */
export function containerPort(pod: PodTemplate, port: number | string): number | undefined {
  if (typeof port === "number") return port;
  for (const { container, init } of pod.containers) {
    const found = init ? undefined : container.ports?.find(({ name }) => name === port);
    if (found) return found.containerPort;
  }
  return undefined;
}

/** @returns the names of a pod's ports */
export const portNames = (pod: PodTemplate): string[] => pod.containers.flatMap(({ container }) => container.ports?.flatMap(({ name }) => name ?? []) ?? []);
