import type { Reference } from "../cluster.ts";
import { standsFor, type KubernetesObject } from "../render.ts";
import { ownerLabel } from "./names.ts";

/** What tells an object from all others of a cluster. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** What servers add to the metadata of manifests. */
export interface LiveMetadata {
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export const metadataOf = (object: KubernetesObject): LiveMetadata => object.metadata as LiveMetadata;

export const objectName = ({ apiVersion, kind, metadata: { name, namespace } }: Reference): ObjectName => ({ apiVersion, kind, ...(namespace !== undefined && { namespace }), name });
export const referenceTo = ({ apiVersion, kind, name, namespace }: ObjectName): Reference => ({ apiVersion, kind, metadata: { name, namespace } });

/** `Deployment prod/web`: for people. */
export const shownName = ({ kind, name, namespace }: ObjectName): string => `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/** @returns the same text for the same object, also when its API has a new version */
export const identityOf = ({ apiVersion, kind, namespace, name }: ObjectName): string =>
  `${apiVersion.includes("/") ? apiVersion.split("/")[0] : ""}/${kind} ${namespace ?? ""}/${name}`;

/** What people would lose with it: such objects are deleted only when asked for by a flag of its own. */
export const holdsData = ({ kind }: { kind: string }): boolean => ["Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume"].includes(kind);

/** @returns whose an object is, when it is somebody else's; undefined when it is ours, or nobody's and may be taken over */
export function otherOwner(live: KubernetesObject, owner: string): string | undefined {
  const { labels = {}, annotations = {}, ownerReferences = [] } = metadataOf(live);
  const label = labels[ownerLabel];
  if (label === owner) return undefined;
  if (label !== undefined) return label;
  const controller = ownerReferences.find(({ controller }) => controller);
  if (controller) return `${controller.kind} ${controller.name}`;
  if (annotations["meta.helm.sh/release-name"]) return `Helm release ${annotations["meta.helm.sh/release-name"]}`;
  return undefined;
}

/** @returns the objects, each with a label that says whose it is */
export const owned = (objects: readonly KubernetesObject[], owner: string): KubernetesObject[] =>
  objects.map((object) => standsFor({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [ownerLabel]: owner } } }, object));
