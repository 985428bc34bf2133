// What is needed comes before what needs it; objects of one wave don't need each other and go side by side.
const waves = [
  { name: "namespaces and definitions", kinds: ["Namespace", "CustomResourceDefinition"] },
  {
    name: "accounts, configuration, services",
    // Issuers and certificates are here too: a certificate takes longest, and nothing has to be there before it. So is
    // what an operator makes Secrets from.
    kinds: `ServiceAccount Role RoleBinding ClusterRole ClusterRoleBinding ConfigMap Secret ResourceQuota LimitRange PriorityClass
      NetworkPolicy Service IngressClass PodDisruptionBudget Issuer ClusterIssuer Certificate
      SecretStore ClusterSecretStore ExternalSecret SealedSecret`.split(/\s+/),
  },
  { name: "storage", kinds: ["StorageClass", "PersistentVolume", "PersistentVolumeClaim"] },
  { name: "stateful workloads", kinds: ["StatefulSet"] },
  { name: "stateless workloads", kinds: ["Deployment", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob"] },
  { name: "ingress", kinds: ["Ingress"] },
];

export interface Wave<Item> {
  readonly name: string;
  readonly items: readonly Item[];
}

/** @returns the number of a kind's wave; kinds that nobody named come last */
export function waveOf(kind: string): number {
  const index = waves.findIndex(({ kinds }) => kinds.includes(kind));
  return index < 0 ? waves.length : index;
}

/** @returns what was given by wave, in the order of the waves, none of them empty */
export const inWaves = <Item>(items: readonly Item[], kindOf: (item: Item) => string): Wave<Item>[] =>
  [...waves, { name: "the rest" }]
    .map(({ name }, index) => ({ name, items: items.filter((item) => waveOf(kindOf(item)) === index) }))
    .filter(({ items }) => items.length > 0);
