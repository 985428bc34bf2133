import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import type { IClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer";
import type { IIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { ISecret } from "kubernetes-models/v1/Secret";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { KubernetesObject } from "../render.ts";
import type { Comparison } from "./models.ts";

/** What is known of the place that the objects are for; `Environment` of the manifests fits. Without it nothing is. */
export interface Settings {
  readonly name: string;
  readonly development: boolean;
  readonly context?: string;
  readonly namespace?: string;
  readonly domain?: string;
}

/** What a rule may count on: fields have the right type where they are, but any of them may be missing. */
export type Loose<T> = T extends (infer Item)[] ? Loose<Item>[] : T extends object ? { [Key in keyof T]?: Loose<T[Key]> } : T;

/** The kinds that rules look into, at the version that the models have. */
export interface Kinds {
  Certificate: ICertificate;
  ClusterIssuer: IClusterIssuer;
  ClusterRole: IRole;
  ClusterRoleBinding: IClusterRoleBinding;
  ConfigMap: IConfigMap;
  CronJob: ICronJob;
  DaemonSet: IDaemonSet;
  Deployment: IDeployment;
  HorizontalPodAutoscaler: IHorizontalPodAutoscaler;
  Ingress: IIngress;
  Issuer: IIssuer;
  Job: IJob;
  Namespace: INamespace;
  NetworkPolicy: INetworkPolicy;
  PersistentVolumeClaim: IPersistentVolumeClaim;
  Pod: IPod;
  PodDisruptionBudget: IPodDisruptionBudget;
  ReplicaSet: IReplicaSet;
  Role: IRole;
  RoleBinding: IRoleBinding;
  Secret: ISecret;
  Service: IService;
  ServiceAccount: IServiceAccount;
  StatefulSet: IStatefulSet;
}

const apiVersions: Record<keyof Kinds, string> = {
  Certificate: "cert-manager.io/v1",
  ClusterIssuer: "cert-manager.io/v1",
  ClusterRole: "rbac.authorization.k8s.io/v1",
  ClusterRoleBinding: "rbac.authorization.k8s.io/v1",
  ConfigMap: "v1",
  CronJob: "batch/v1",
  DaemonSet: "apps/v1",
  Deployment: "apps/v1",
  HorizontalPodAutoscaler: "autoscaling/v2",
  Ingress: "networking.k8s.io/v1",
  Issuer: "cert-manager.io/v1",
  Job: "batch/v1",
  Namespace: "v1",
  NetworkPolicy: "networking.k8s.io/v1",
  PersistentVolumeClaim: "v1",
  Pod: "v1",
  PodDisruptionBudget: "policy/v1",
  ReplicaSet: "apps/v1",
  Role: "rbac.authorization.k8s.io/v1",
  RoleBinding: "rbac.authorization.k8s.io/v1",
  Secret: "v1",
  Service: "v1",
  ServiceAccount: "v1",
  StatefulSet: "apps/v1",
};

/** An object of a known kind, and the same one as the report names it. */
export type Of<Kind extends keyof Kinds> = Loose<Omit<Kinds[Kind], "metadata">> & KubernetesObject;

export interface Container {
  readonly container: Loose<IContainer>;
  readonly path: string;
  /** Ends before the others start; a sidecar (`restartPolicy: Always`) is none. */
  readonly init: boolean;
}

/** The pods that an object makes: of a Deployment's template, a CronJob's, or the Pod itself. */
export interface PodTemplate {
  readonly object: KubernetesObject;
  readonly kind: "CronJob" | "DaemonSet" | "Deployment" | "Job" | "Pod" | "ReplicaSet" | "StatefulSet";
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly spec: Loose<IPodSpec>;
  /** Of the spec, and of the labels, in the object. */
  readonly path: string;
  readonly labelsPath: string;
  readonly containers: readonly Container[];
}

/** What is applied together, looked at from several sides. Each side is made once, when a rule first asks for it. */
export class Objects {
  readonly all: readonly KubernetesObject[];
  readonly settings: Settings | undefined;
  /** The other environments, so that development can be kept away from where users are. */
  readonly others: readonly Settings[];
  readonly #byKind = new Map<string, KubernetesObject[]>();
  readonly #byNamespace = new Map<string, KubernetesObject[]>();
  readonly #byName = new Map<string, KubernetesObject>();
  /** What the models say of each object; none for kinds that they don't know. */
  readonly comparisons: ReadonlyMap<KubernetesObject, Comparison>;
  #pods: readonly PodTemplate[] | undefined;
  #podsIn: Map<string, PodTemplate[]> | undefined;

  constructor(
    all: readonly KubernetesObject[],
    comparisons: ReadonlyMap<KubernetesObject, Comparison>,
    settings?: Settings,
    others: readonly Settings[] = [],
  ) {
    this.all = all;
    this.comparisons = comparisons;
    this.settings = settings;
    this.others = others;
    for (const object of all) {
      const kind = kindOf(object);
      const namespace = namespaceOf(object);
      add(this.#byKind, kind, object);
      add(this.#byNamespace, `${kind}/${namespace}`, object);
      this.#byName.set(`${kind}/${namespace}/${object.metadata.name}`, object);
    }
  }

  /** @param namespace only those that land there */
  of<Kind extends keyof Kinds>(kind: Kind, namespace?: string): readonly Of<Kind>[] {
    const key = `${apiVersions[kind]}/${kind}`;
    return ((namespace === undefined ? this.#byKind.get(key) : this.#byNamespace.get(`${key}/${namespace}`)) ?? []) as Of<Kind>[];
  }

  /** @param namespace ignored for kinds that have none: give an empty one */
  find<Kind extends keyof Kinds>(kind: Kind, namespace: string, name: string): Of<Kind> | undefined {
    return this.#byName.get(`${apiVersions[kind]}/${kind}/${namespace}/${name}`) as Of<Kind> | undefined;
  }

  /** @returns the names of a kind in a namespace, for "did you mean" */
  names(kind: keyof Kinds, namespace: string): string[] {
    return this.of(kind, namespace).map(({ metadata }) => metadata.name);
  }

  get pods(): readonly PodTemplate[] {
    return (this.#pods ??= podKinds.flatMap((kind) => this.of(kind).flatMap((object) => podTemplate(kind, object) ?? [])));
  }

  podsIn(namespace: string): readonly PodTemplate[] {
    if (!this.#podsIn) {
      this.#podsIn = new Map();
      for (const pod of this.pods) add(this.#podsIn, pod.namespace, pod);
    }
    return this.#podsIn.get(namespace) ?? [];
  }
}

/** Of autoscaling/v1 there is less to see than of v2, but it scales the same. */
function kindOf({ apiVersion, kind }: KubernetesObject): string {
  return `${kind === "HorizontalPodAutoscaler" && apiVersion === "autoscaling/v1" ? apiVersions[kind] : apiVersion}/${kind}`;
}

function add<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const items = map.get(key);
  if (items) items.push(item);
  else map.set(key, [item]);
}

/** Kinds without a namespace, by group: an IPAddress or a Node of another group may have one; @see `kubectl api-resources --namespaced=false` */
const clusterScoped = new Map(
  Object.entries({
    "": "ComponentStatus Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": `MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
      ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration`,
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "authentication.k8s.io": "SelfSubjectReview TokenReview",
    "authorization.k8s.io": "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    "awspca.cert-manager.io": "AWSPCAClusterIssuer",
    "cert-manager.io": "ClusterIssuer",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "external-secrets.io": "ClusterExternalSecret ClusterPushSecret ClusterSecretStore",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "generators.external-secrets.io": "ClusterGenerator",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy.cert-manager.io": "CertificateRequestPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "trust-manager.io": "ClusterBundle",
    "trust.cert-manager.io": "Bundle",
  }).flatMap(([group, kinds]) => kinds.split(/\s+/).map((kind) => [kind, group] as const)),
);

export function isClusterScoped({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  const group = clusterScoped.get(kind);
  return group !== undefined && (group === "" ? !apiVersion.includes("/") : apiVersion.startsWith(`${group}/`));
}

/** @returns the namespace that an object lands in; empty for kinds that have none */
export const namespaceOf = (object: KubernetesObject): string =>
  isClusterScoped(object) ? "" : (object.metadata.namespace ?? "default");

/** @returns the account that a pod runs under; the field's old name counts where the new one is empty */
export const accountOf = ({ serviceAccountName, serviceAccount }: PodTemplate["spec"]): string => serviceAccountName || serviceAccount || "default";

const podKinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"] as const;

function podTemplate(kind: PodTemplate["kind"], object: KubernetesObject): PodTemplate | undefined {
  const base = kind === "Pod" ? "" : kind === "CronJob" ? "spec.jobTemplate.spec.template." : "spec.template.";
  const template = (
    kind === "Pod" ? object : kind === "CronJob" ? (object as Of<"CronJob">).spec?.jobTemplate?.spec?.template : (object as Of<"Job">).spec?.template
  ) as Loose<IPod> | undefined;
  const spec = template?.spec;
  if (!spec) return undefined;
  const path = `${base}spec`;
  const list = (field: "containers" | "initContainers") =>
    (spec[field] ?? []).map((container, index) => ({
      container,
      path: `${path}.${field}[${index}]`,
      init: field === "initContainers" && container.restartPolicy !== "Always",
    }));
  return {
    object,
    kind,
    namespace: namespaceOf(object),
    labels: (template.metadata?.labels ?? {}) as Record<string, string>,
    spec,
    path,
    labelsPath: `${base}metadata.labels`,
    containers: [...list("initContainers"), ...list("containers")],
  };
}
