import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { Environment } from "./environment.ts";

type Labels = Record<string, string>;

/** Replicas go to different nodes, and zones where there are any; where there is one node only they start all the same. */
export const spread = (matchLabels: Labels): Pick<IPodSpec, "affinity" | "topologySpreadConstraints"> => ({
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels } } },
      ],
    },
  },
  topologySpreadConstraints: ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
    // Only pods of the same version count, or an update would leave them where the old ones were not.
    matchLabelKeys: ["pod-template-hash"],
  })),
});

/** @returns the budget of a service with several pods: a drain takes one at a time, and is never blocked */
export const budget = ({ namespace, replicas }: Environment, name: string, matchLabels: Labels): PodDisruptionBudget[] =>
  replicas > 1
    ? [
        new PodDisruptionBudget({
          metadata: { name, namespace, labels: matchLabels },
          spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels } },
        }),
      ]
    : [];
