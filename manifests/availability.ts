import type { IDeploymentSpec } from "kubernetes-models/apps/v1/DeploymentSpec";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IContainer } from "kubernetes-models/v1/Container";
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

/** How many pods, and that an update never has fewer ready ones than that. An autoscaler's Deployment must not say how many. */
export const rollout = ({ replicas, maxReplicas = replicas }: Environment): Pick<IDeploymentSpec, "replicas" | "strategy"> => ({
  replicas: maxReplicas > replicas ? undefined : replicas,
  strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
});

/**
 * Between the decision that a pod goes and the moment when every node and ingress controller has heard of it, requests
 * still come: the pod waits before it is told to stop. ingress-nginx takes up changes every 3.3 s (its --sync-rate-limit).
 * The wait counts against the grace period of 30 s, of which our services need 8. Where one develops nobody wants to wait.
 */
export const drain = ({ development }: Environment): Pick<IContainer, "lifecycle"> =>
  development ? {} : { lifecycle: { preStop: { sleep: { seconds: 5 } } } };

/** @returns more pods when the processor is busy, at once; fewer only when it was not for five minutes, one per minute */
export const autoscaler = ({ namespace, replicas, maxReplicas = replicas }: Environment, name: string, labels: Labels): HorizontalPodAutoscaler[] =>
  maxReplicas > replicas
    ? [
        new HorizontalPodAutoscaler({
          metadata: { name, namespace, labels },
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
            minReplicas: replicas,
            maxReplicas,
            // Of what the container requests.
            metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
            behavior: {
              scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
              scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
            },
          },
        }),
      ]
    : [];
