import type { KubernetesObject } from "../render.ts";

/** The parts of a pod's specification that deploying looks at. */
export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: { name: string; configMap?: { name?: string }; secret?: { secretName?: string }; projected?: { sources?: { configMap?: { name?: string }; secret?: { name?: string } }[] } }[];
  imagePullSecrets?: { name?: string }[];
}
export interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string; valueFrom?: { configMapKeyRef?: { name?: string }; secretKeyRef?: { name?: string } } }[];
  envFrom?: { configMapRef?: { name?: string }; secretRef?: { name?: string } }[];
}

/** @returns the pod specification inside any kind that starts pods; undefined for those that start none */
export function podSpecOf(object: KubernetesObject): PodSpec | undefined {
  const spec = object["spec"] as { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } }; containers?: unknown } | undefined;
  if (object.kind === "Pod") return spec as unknown as PodSpec;
  if (object.kind === "CronJob") return spec?.jobTemplate?.spec?.template?.spec;
  const inner = spec?.template?.spec;
  return inner && Array.isArray(inner.containers) ? inner : undefined;
}

/** @returns containers of every sort, those that run first included */
export function containersOf(object: KubernetesObject): Container[] {
  const spec = podSpecOf(object);
  return spec ? [...(spec.initContainers ?? []), ...spec.containers] : [];
}
