import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IIngressSpec } from "kubernetes-models/networking.k8s.io/v1/IngressSpec";
import type { IServiceSpec } from "kubernetes-models/v1/ServiceSpec";
import type { KubernetesObject } from "../render.ts";

// What the runner reads of the rendered objects. Types only are imported: kubernetes-models itself takes 0.15 s.

/** A container of a Deployment, StatefulSet or DaemonSet, and what it takes from around it. */
export interface Container {
  /** The process's name: the workload's, with the container's where a pod has several. */
  readonly name: string;
  readonly workload: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IContainer;
  readonly pod: IPodSpec;
  readonly claims: readonly IPersistentVolumeClaim[];
}

/** An Ingress or Service with the part that matters here. */
export interface Described<Spec> {
  readonly object: KubernetesObject;
  readonly spec: Spec;
}

export interface LocalObjects {
  readonly containers: readonly Container[];
  readonly services: readonly Described<IServiceSpec>[];
  readonly ingresses: readonly Described<IIngressSpec>[];
  /** ConfigMaps' and Secrets' entries, as UTF-8, by kind and name. */
  readonly data: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** What can't be honoured here: short phrases. */
  readonly notices: readonly string[];
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly template: { readonly metadata?: { readonly labels?: Record<string, string> }; readonly spec: IPodSpec };
  readonly volumeClaimTemplates?: readonly IPersistentVolumeClaim[];
}

const workloads = new Set(["Deployment", "StatefulSet", "DaemonSet"]);
// What has no meaning without a cluster, or is read together with something else: nobody misses it here.
const withoutMeaning = new Set([
  ...["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PodDisruptionBudget"],
  ...["HorizontalPodAutoscaler", "ResourceQuota", "LimitRange", "PriorityClass", "IngressClass", "PersistentVolumeClaim"],
  ...["Certificate", "ClusterIssuer", "Issuer", "SecretStore", "ClusterSecretStore", "ServiceMonitor", "PodMonitor"],
]);

/** @param key `ConfigMap/name` or `Secret/name` */
export const dataKey = (kind: "ConfigMap" | "Secret", name: string) => `${kind}/${name}`;

/** Sorts an environment's objects into what processes are made of; pure. */
export function readObjects(objects: readonly KubernetesObject[]): LocalObjects {
  const containers: Container[] = [];
  const services: Described<IServiceSpec>[] = [];
  const ingresses: Described<IIngressSpec>[] = [];
  const data = new Map<string, Record<string, string>>();
  const unknown = new Map<string, string[]>();
  const notices: string[] = [];

  for (const object of objects) {
    const { kind, metadata } = object;
    if (workloads.has(kind)) containers.push(...containersOf(object, notices));
    else if (kind === "Service") services.push({ object, spec: object["spec"] as IServiceSpec });
    else if (kind === "Ingress") ingresses.push({ object, spec: object["spec"] as IIngressSpec });
    else if (kind === "ConfigMap") data.set(dataKey(kind, metadata.name), entriesOf(object, (text) => text));
    else if (kind === "Secret") data.set(dataKey(kind, metadata.name), entriesOf(object, fromBase64));
    else if (kind === "NetworkPolicy") unknown.set("NetworkPolicies", []);
    else if (!withoutMeaning.has(kind)) unknown.set(kind, [...(unknown.get(kind) ?? []), metadata.name]);
  }
  for (const [kind, names] of unknown) notices.push(`${kind}${names.length > 0 ? ` ${names.join(", ")}` : ""}`);
  return { containers, services, ingresses, data, notices: [...new Set(notices)] };
}

function containersOf(workload: KubernetesObject, notices: string[]): Container[] {
  const { replicas = 1, template, volumeClaimTemplates: claims = [] } = workload["spec"] as WorkloadSpec;
  const { name } = workload.metadata;
  const pod = template.spec;
  if (replicas > 1) notices.push(`more than one replica of ${name}`);
  if (pod.initContainers?.length) notices.push(`init containers of ${name}`);
  // Both are limits that a machine of one's own has no need of, and every container has them.
  if (pod.containers.some(({ resources }) => resources?.limits)) notices.push("resource limits");
  if (pod.securityContext || pod.containers.some(({ securityContext }) => securityContext)) notices.push("securityContext");
  for (const field of ["hostAliases", "terminationGracePeriodSeconds"] as const) if (pod[field] !== undefined) notices.push(`${field} of ${name}`);
  for (const field of ["workingDir", "lifecycle"] as const) if (pod.containers.some((container) => container[field] !== undefined)) notices.push(`${field} of ${name}`);
  if (replicas === 0) return [];
  const labels = template.metadata?.labels ?? {};
  return pod.containers.map((spec) => ({
    name: pod.containers.length === 1 ? name : `${name}/${spec.name}`,
    ...{ workload, labels, spec, pod, claims },
  }));
}

function entriesOf(object: KubernetesObject, decode: (text: string) => string): Record<string, string> {
  const { data = {}, stringData = {}, binaryData = {} } = object as Partial<Record<string, Record<string, string>>>;
  const decoded = Object.entries(data).map(([key, text]) => [key, decode(text)]);
  const binary = Object.entries(binaryData).map(([key, text]) => [key, fromBase64(text)]);
  return { ...Object.fromEntries([...binary, ...decoded]), ...stringData };
}

const fromBase64 = (text: string) => Buffer.from(text, "base64").toString("utf8");
