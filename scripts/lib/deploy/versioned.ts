import { createHash } from "node:crypto";
import { standsFor, type KubernetesObject } from "../render.ts";
import { configurationAnnotation, versionOfLabel } from "./names.ts";
import { podSpecOf, type PodSpec } from "./pods.ts";

// A ConfigMap or Secret that pods use gets its content's hash as part of its name, and can't be changed. So pods roll
// when, and only when, their configuration changes; old and new pods each see their own; and going back to an old
// Deployment goes back to its configuration.
//
// A hash shows to everybody who may read pods. Secrets that people make up could be guessed from it, as from that of
// kustomize's generators; random ones can't. Fifty bits of SHA-256: enough to tell a few revisions apart.

/** Names that only some objects use can be versioned: where another kind names one, it has to keep its name. */
type Key = `${"ConfigMap" | "Secret"} ${string}/${string}`;

/** @returns the objects with what their pods use named by content, and every reference following. Changes nothing else. */
export function versioned(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const configuration = new Map(objects.filter(isConfiguration).map((object) => [keyOf(object), object]));
  const used = new Set(objects.flatMap(usedBy));
  const fixed = new Set(objects.flatMap(namedByOthers));
  const names = new Map<Key, string>();
  for (const [key, object] of configuration) if (used.has(key) && !fixed.has(key)) names.set(key, `${object.metadata.name}-${hashOf(object)}`);

  return objects.map((object) => {
    const copy = standsFor(structuredClone(object), object);
    const name = isConfiguration(object) ? names.get(keyOf(object)) : undefined;
    if (name !== undefined) {
      copy.metadata.labels = { ...copy.metadata.labels, [versionOfLabel]: object.metadata.name };
      copy.metadata.name = name;
      copy["immutable"] = true;
    }
    const spec = podSpecOf(copy);
    if (spec) {
      const rest = usedBy(object).filter((key) => configuration.has(key) && !names.has(key));
      if (rest.length > 0) annotatePods(copy, rest.map((key) => hashOf(configuration.get(key)!)).join("."));
      rename(spec, (kind, name) => names.get(`${kind} ${copy.metadata.namespace}/${name}`) ?? name);
    }
    return copy;
  });
}

const isConfiguration = ({ apiVersion, kind, ...object }: KubernetesObject) =>
  apiVersion === "v1" && (kind === "ConfigMap" || kind === "Secret") && object["type"] !== "kubernetes.io/service-account-token";

const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.namespace}/${metadata.name}` as Key;

/** @returns the ConfigMaps and Secrets that an object's pods read */
function usedBy(object: KubernetesObject): Key[] {
  const keys = new Set<Key>();
  const spec = podSpecOf(object);
  if (spec)
    rename(structuredClone(spec), (kind, name) => {
      keys.add(`${kind} ${object.metadata.namespace}/${name}`);
      return name;
    });
  return [...keys];
}

/** What is named outside of pods: TLS of an Ingress, resourceNames of a Role, any secretName of a custom resource, pull secrets. */
function namedByOthers(object: KubernetesObject): Key[] {
  const { namespace } = object.metadata;
  const keys: Key[] = (podSpecOf(object)?.imagePullSecrets ?? []).map(({ name }): Key => `Secret ${namespace}/${name}`);
  if (podSpecOf(object) || isConfiguration(object)) return keys;
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === "secretName" && typeof inner === "string") keys.push(`Secret ${namespace}/${inner}`);
      else if (name === "resourceNames" && Array.isArray(inner)) for (const one of inner) keys.push(`ConfigMap ${namespace}/${one}`, `Secret ${namespace}/${one}`);
      else if (/(secret|configMap)(Key)?Ref$/i.test(name) && typeof (inner as { name?: unknown } | null)?.name === "string")
        keys.push(`${/secret/i.test(name) ? "Secret" : "ConfigMap"} ${namespace}/${(inner as { name: string }).name}`);
      else visit(inner);
    }
  };
  visit(object);
  return keys;
}

/** Passes every reference of a pod specification through `change`. */
function rename(spec: PodSpec, change: (kind: "ConfigMap" | "Secret", name: string) => string): void {
  const set = (kind: "ConfigMap" | "Secret", reference: { name?: string } | undefined) => {
    if (reference?.name !== undefined) reference.name = change(kind, reference.name);
  };
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) (set("ConfigMap", configMapRef), set("Secret", secretRef));
    for (const { valueFrom } of container.env ?? []) (set("ConfigMap", valueFrom?.configMapKeyRef), set("Secret", valueFrom?.secretKeyRef));
  }
  for (const { configMap, secret, projected } of spec.volumes ?? []) {
    set("ConfigMap", configMap);
    if (secret?.secretName !== undefined) secret.secretName = change("Secret", secret.secretName);
    for (const source of projected?.sources ?? []) (set("ConfigMap", source.configMap), set("Secret", source.secret));
  }
}

/** @returns ten letters and digits that stand for the content of a ConfigMap or Secret, however it is written */
export function hashOf(object: KubernetesObject): string {
  const { kind, data = {}, binaryData = {}, stringData = {}, type } = object as KubernetesObject & Record<string, Record<string, string> | undefined>;
  const content = Object.entries({ ...data, ...binaryData, ...stringDataAsData(stringData) }).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify([kind, type ?? null, Object.keys(binaryData).sort(), content])).digest();
  // Letters and digits that make no words and that nobody mistakes for each other, as kubectl does for pods.
  return [...hash.subarray(0, 10)].map((byte) => "bcdfghjklmnpqrstvwxz2456789"[byte % 27]).join("");
}

/** Servers turn `stringData` into `data`, which server-side apply then no longer recognises: so it is done before. */
export function withoutStringData(object: KubernetesObject): KubernetesObject {
  if (object.kind !== "Secret" || object["stringData"] === undefined) return object;
  const { stringData, ...rest } = object;
  return standsFor({ ...rest, data: { ...(object["data"] as object), ...stringDataAsData(stringData as Record<string, string>) } } as KubernetesObject, object);
}

const stringDataAsData = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, "utf8").toString("base64")]));

function annotatePods(object: KubernetesObject, hash: string): void {
  type Template = { metadata?: { annotations?: Record<string, string> } };
  const spec = object["spec"] as { template?: Template; jobTemplate?: { spec: { template: Template } } };
  const template = spec.jobTemplate?.spec.template ?? spec.template;
  if (template) template.metadata = { ...template.metadata, annotations: { ...template.metadata?.annotations, [configurationAnnotation]: hash } };
}
