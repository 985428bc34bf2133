import type { KubernetesObject } from "../render.ts";
import { namespaceOf, type Objects, type Of, type PodTemplate } from "./objects.ts";

/** @returns the autoscaler of a workload */
export const autoscalerOf = (objects: Objects, workload: KubernetesObject): Of<"HorizontalPodAutoscaler"> | undefined =>
  objects.of("HorizontalPodAutoscaler", namespaceOf(workload)).find((one) => {
    const { kind, name } = one.spec?.scaleTargetRef ?? {};
    return kind === workload.kind && name === workload.metadata.name;
  });

/** @returns the fewest pods of a workload that are meant to run */
export const replicasOf = (objects: Objects, workload: KubernetesObject): number => {
  const scaled = autoscalerOf(objects, workload);
  return scaled ? (scaled.spec?.minReplicas ?? 1) : ((workload as Of<"Deployment">).spec?.replicas ?? 1);
};

/** @returns why Kubernetes refuses this number or percentage of pods; undefined if it takes it */
export function portionFault(portion: number | string, most = 100): string | undefined {
  if (typeof portion === "number" && Number.isInteger(portion) && portion >= 0) return undefined;
  if (!/^\d+%$/.test(String(portion))) return `${JSON.stringify(portion)} is no number or percentage`;
  return parseInt(String(portion), 10) > most ? `${portion} is more than ${most}%` : undefined;
}

/** @returns the Deployments and StatefulSets that run more than one pod, or may */
export const replicated = (objects: Objects): PodTemplate[] =>
  objects.pods.filter(
    ({ kind, object }) =>
      (kind === "Deployment" || kind === "StatefulSet") && Math.max(replicasOf(objects, object), autoscalerOf(objects, object)?.spec?.maxReplicas ?? 0) > 1,
  );
