import type { KubernetesObject } from "../render.ts";
import { keyOf, type Container } from "./facts.ts";

// Which workload talks to which, read from the manifests: an address in a container's environment, arguments or
// configuration that names a Service. When both fail, the one that is talked to is where to look first.

type Selector = Record<string, string>;

/**
 * @param objects of one environment
 * @returns for a workload, the keys of the workloads behind the Services that it is told of. Two that name each other have no
 * first, and count as independent.
 */
export function createDependencies(objects: readonly KubernetesObject[]): (workload: { kind: string; metadata: { name: string; namespace?: string } }) => string[] {
  const workloads = objects.filter((object) => templateOf(object) !== undefined);
  const direct = new Map(workloads.map((workload) => [keyOf(workload), directDependencies(workload, objects, workloads)]));
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(direct.get(from) ?? [])].some((next) => reaches(next, to, seen));
  };
  return (workload) => {
    const key = keyOf(workload);
    return [...(direct.get(key) ?? [])].filter((dependency) => !reaches(dependency, key));
  };
}

const templateOf = (object: KubernetesObject) => (object["spec"] as any)?.template as { metadata?: { labels?: Selector }; spec: any } | undefined;

function directDependencies(workload: KubernetesObject, objects: readonly KubernetesObject[], workloads: readonly KubernetesObject[]): Set<string> {
  const { namespace } = workload.metadata;
  const texts = [...configuration(workload, objects)];
  const found = new Set<string>();
  for (const service of objects.filter(({ kind }) => kind === "Service")) {
    const selector = (service["spec"] as { selector?: Selector }).selector;
    if (!selector || Object.keys(selector).length === 0) continue;
    const near = service.metadata.namespace === namespace;
    const address = addressOf(service.metadata.name, service.metadata.namespace ?? "default", near);
    if (!texts.some((text) => address.test(text))) continue;
    for (const target of workloads)
      if (target !== workload && target.metadata.namespace === service.metadata.namespace && selects(selector, templateOf(target)!.metadata?.labels ?? {})) found.add(keyOf(target));
  }
  return found;
}

const selects = (selector: Selector, labels: Selector) => Object.entries(selector).every(([key, value]) => labels[key] === value);

/** The name alone is too common a word: it takes a scheme or login before it, or a port, a namespace or nothing but it. */
function addressOf(name: string, namespace: string, near: boolean): RegExp {
  const word = name.replace(/[.]/g, "\\.");
  const full = `${word}\\.${namespace}(?:\\.svc[\\w.]*)?`;
  return near ? new RegExp(`(?:^|[/@\\s,=])(?:${full}|${word}:\\d+)(?![\\w-])|(?:://|@)${word}(?![\\w.-])|HOST=${word}$`) : new RegExp(`(?:^|[/@\\s,=])${full}(?![\\w-])`);
}

/** Everything that a workload's containers are told: `NAME=value` of its environment, arguments, files. */
function* configuration(workload: KubernetesObject, objects: readonly KubernetesObject[]): Generator<string> {
  const { namespace } = workload.metadata;
  const spec = templateOf(workload)!.spec;
  const entries = (kind: string, name: string | undefined): [string, string][] => {
    const object = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name && candidate.metadata.namespace === namespace);
    const data = Object.entries((object?.["data"] as Record<string, string>) ?? {}).map(([key, value]): [string, string] => [key, kind === "Secret" ? Buffer.from(value, "base64").toString() : value]);
    return [...data, ...Object.entries((object?.["stringData"] as Record<string, string>) ?? {})];
  };
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])] as Container[]) {
    yield* container.command ?? [];
    yield* container.args ?? [];
    for (const { name, value, valueFrom } of container.env ?? []) {
      if (value !== undefined) yield `${name}=${value}`;
      for (const [kind, source] of [["ConfigMap", valueFrom?.configMapKeyRef], ["Secret", valueFrom?.secretKeyRef]] as const)
        for (const [key, text] of entries(kind, source?.name)) if (key === source.key) yield `${name}=${text}`;
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? [])
      for (const [key, text] of [...entries("ConfigMap", configMapRef?.name), ...entries("Secret", secretRef?.name)]) yield `${key}=${text}`;
  }
  for (const volume of spec.volumes ?? []) for (const [, text] of [...entries("ConfigMap", volume.configMap?.name), ...entries("Secret", volume.secret?.secretName)]) yield text;
}
