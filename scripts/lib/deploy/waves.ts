import type { KubernetesObject } from "../render.ts";

// What is needed comes before what needs it; objects of one wave don't need each other and go side by side.
const waves = [
  { name: "namespaces and definitions", kinds: ["Namespace", "CustomResourceDefinition"] },
  {
    name: "accounts, configuration, services",
    // Issuers and certificates are here too: a certificate takes longest, and nothing has to be there before it.
    kinds: `ServiceAccount Role RoleBinding ClusterRole ClusterRoleBinding ConfigMap Secret ResourceQuota LimitRange PriorityClass
      NetworkPolicy Service IngressClass PodDisruptionBudget Issuer ClusterIssuer Certificate`.split(/\s+/),
  },
  { name: "storage", kinds: ["StorageClass", "PersistentVolume", "PersistentVolumeClaim"] },
  { name: "stateful workloads", kinds: ["StatefulSet"] },
  { name: "stateless workloads", kinds: ["Deployment", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob"] },
  { name: "ingress", kinds: ["Ingress"] },
];

export interface Wave {
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
}

/** @returns the number of an object's wave; kinds that nobody named come last */
export function waveOf({ kind }: { kind: string }): number {
  const index = waves.findIndex(({ kinds }) => kinds.includes(kind));
  return index < 0 ? waves.length : index;
}

/** @returns the objects by wave, in the order of the waves, none of them empty */
export function inWaves(objects: readonly KubernetesObject[]): Wave[] {
  return [...waves, { name: "the rest" }]
    .map(({ name }, index) => ({ name, objects: objects.filter((object) => waveOf(object) === index) }))
    .filter(({ objects }) => objects.length > 0);
}
