import type { KubernetesObject } from "../render.ts";
import { namespaceOf, type Objects, type PodTemplate } from "./objects.ts";
import { pathOf } from "./paths.ts";
import { containersOf } from "./rule.ts";

type Kind = "ConfigMap" | "Secret";

/** One place where a pod wants a ConfigMap or Secret, or a key of it. */
export interface ConfigReference {
  readonly pod: PodTemplate;
  readonly path: string;
  readonly kind: Kind;
  readonly name: string;
  /** None where all keys are taken. */
  readonly key?: string;
}

/** @returns every reference that the pod can't start without: env, envFrom, volumes, projected volumes */
export function* configReferences(objects: Objects, wanted: Kind): Iterable<ConfigReference> {
  for (const { pod, container, path } of containersOf(objects)) {
    for (const [index, { valueFrom }] of (container.env ?? []).entries()) {
      const field = wanted === "ConfigMap" ? "configMapKeyRef" : "secretKeyRef";
      const { name, key, optional } = valueFrom?.[field] ?? {};
      if (name && !optional) yield { pod, kind: wanted, name, ...(key !== undefined && { key }), path: pathOf(path, "env", index, "valueFrom", field) };
    }
    for (const [index, source] of (container.envFrom ?? []).entries()) {
      const field = wanted === "ConfigMap" ? "configMapRef" : "secretRef";
      const { name, optional } = source[field] ?? {};
      if (name && !optional) yield { pod, kind: wanted, name, path: pathOf(path, "envFrom", index, field) };
    }
  }
  for (const pod of objects.pods)
    for (const [index, { configMap, secret, projected }] of (pod.spec.volumes ?? []).entries()) {
      const place = pathOf(pod.path, "volumes", index);
      if (wanted === "ConfigMap" && configMap) yield* ofVolume(pod, wanted, pathOf(place, "configMap"), configMap.name, configMap);
      if (wanted === "Secret" && secret) yield* ofVolume(pod, wanted, pathOf(place, "secret"), secret.secretName, secret);
      for (const [number, source] of (projected?.sources ?? []).entries()) {
        const field = wanted === "ConfigMap" ? "configMap" : "secret";
        const from = source[field];
        if (from) yield* ofVolume(pod, wanted, pathOf(place, "projected.sources", number, field), from.name, from);
      }
    }
}

function* ofVolume(
  pod: PodTemplate,
  kind: Kind,
  path: string,
  name: string | undefined,
  { items, optional }: { items?: readonly { key?: string }[]; optional?: boolean },
): Iterable<ConfigReference> {
  if (!name || optional) return;
  yield { pod, kind, name, path };
  for (const [index, { key }] of (items ?? []).entries()) if (key !== undefined) yield { pod, kind, name, key, path: pathOf(path, "items", index, "key") };
}

/**
 * @returns the keys that a ConfigMap or Secret will have, whoever writes it: the set itself, cert-manager for a
 * Certificate, the External Secrets Operator; "any" where only they know; undefined if nobody writes it
 */
export function keysOf(objects: Objects, kind: Kind, namespace: string, name: string): ReadonlySet<string> | "any" | undefined {
  const object = objects.find(kind, namespace, name);
  if (object) {
    if (kind === "Secret" && (object as { type?: string }).type === "kubernetes.io/service-account-token") return "any";
    const { data = {}, stringData = {}, binaryData = {} } = object as Record<string, object>;
    return new Set([data, stringData, binaryData].flatMap((values) => Object.keys(values)));
  }
  // cert-manager's injector and kube-controller-manager write this one into every namespace.
  if (kind === "ConfigMap") return name === "kube-root-ca.crt" ? new Set(["ca.crt"]) : undefined;
  for (const certificate of objects.of("Certificate", namespace))
    if (certificate.spec?.secretName === name)
      return certificate.spec.keystores || certificate.spec.additionalOutputFormats ? "any" : new Set(["tls.crt", "tls.key", "ca.crt"]);
  return externalSecretKeys(objects, namespace, name);
}

interface ExternalSecretSpec {
  target?: { name?: string; template?: object };
  data?: { secretKey?: string }[];
  dataFrom?: unknown[];
}

function externalSecretKeys(objects: Objects, namespace: string, name: string): ReadonlySet<string> | "any" | undefined {
  for (const object of objects.all) {
    if (object.kind !== "ExternalSecret" || !object.apiVersion.startsWith("external-secrets.io/") || namespaceOf(object) !== namespace) continue;
    const { target, data = [], dataFrom } = (object["spec"] ?? {}) as ExternalSecretSpec;
    if ((target?.name ?? object.metadata.name) !== name) continue;
    return dataFrom || target?.template ? "any" : new Set(data.map(({ secretKey = "" }) => secretKey));
  }
  return undefined;
}

/** @returns the names that could have been meant */
export function configNames(objects: Objects, kind: Kind, namespace: string): string[] {
  if (kind === "ConfigMap") return objects.names(kind, namespace);
  const made = objects.of("Certificate", namespace).flatMap(({ spec }) => spec?.secretName ?? []);
  return [...objects.names(kind, namespace), ...made];
}

/** Text that reaches a container's environment: literals, and values of the ConfigMaps that it takes whole or by key. */
export function* environmentTexts(objects: Objects): Iterable<{ object: KubernetesObject; namespace: string; path: string; name: string; value: string }> {
  for (const { pod, container, path } of containersOf(objects))
    for (const [index, { name = "", value }] of (container.env ?? []).entries())
      if (value) yield { object: pod.object, namespace: pod.namespace, path: pathOf(path, "env", index, "value"), name, value };
  for (const object of objects.of("ConfigMap"))
    for (const [name, value] of Object.entries(object.data ?? {}))
      if (typeof value === "string") yield { object, namespace: namespaceOf(object), path: pathOf("data", [name]), name, value };
}
