import type { IEnvVar } from "kubernetes-models/v1/EnvVar";
import { dataKey, type Container, type LocalObjects } from "./objects.ts";

/** A container's variables, as the kubelet would make them, and what is wrong with them. */
export interface Variables {
  readonly env: Readonly<Record<string, string>>;
  /** Variables that could not be given, since what they lead to does not run here. */
  readonly leftOut: readonly { readonly name: string; readonly service: string }[];
  readonly problems: readonly string[];
  readonly notices: readonly string[];
}

/** What a value becomes on this machine: another text, or nothing when it leads to a Service that does not run. */
export type Adapt = (name: string, value: string) => { value: string } | { missing: string };

/**
 * Replaces `$(NAME)` by the variable's value; `$$(NAME)` and unknown names stay as text, as in Kubernetes.
 * @see https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replace(/\$(\$)?(?:\(([A-Za-z_.-][\w.-]*)\))?/g, (whole, escaped: string | undefined, name: string | undefined) => {
    if (escaped) return name === undefined ? "$" : `$(${name})`;
    return name !== undefined && Object.hasOwn(env, name) ? env[name]! : whole;
  });

/**
 * Variables of `envFrom`, then of `env`, each expanded with those before it.
 * @param adapt applied to every finished value
 */
export function variablesOf(container: Container, { data }: Pick<LocalObjects, "data">, adapt: Adapt): Variables {
  const env: Record<string, string> = {};
  const leftOut: { name: string; service: string }[] = [];
  const problems: string[] = [];
  const notices: string[] = [];

  const set = (name: string, raw: string) => {
    const adapted = adapt(name, raw);
    if ("value" in adapted) env[name] = adapted.value;
    else {
      delete env[name];
      leftOut.push({ name, service: adapted.missing });
    }
  };
  const look = (kind: "ConfigMap" | "Secret", name = "", key: string | undefined, optional: boolean | undefined) => {
    const entries = data.get(dataKey(kind, name));
    const found = key === undefined ? entries : entries?.[key];
    if (found === undefined && !optional) problems.push(`${kind} ${name} ${entries ? `has no key ${key}` : "does not exist"}`);
    return found;
  };

  for (const { configMapRef, secretRef, prefix = "" } of container.spec.envFrom ?? []) {
    const entries = configMapRef
      ? look("ConfigMap", configMapRef.name, undefined, configMapRef.optional)
      : look("Secret", secretRef?.name, undefined, secretRef?.optional);
    for (const [key, value] of Object.entries((entries ?? {}) as Record<string, string>)) set(prefix + key, value);
  }
  for (const variable of container.spec.env ?? []) {
    const { configMapKeyRef, secretKeyRef, fieldRef } = variable.valueFrom ?? {};
    let value: string | undefined;
    if (!variable.valueFrom) value = expand(variable.value ?? "", env);
    else if (configMapKeyRef) value = look("ConfigMap", configMapKeyRef.name, configMapKeyRef.key, configMapKeyRef.optional) as string;
    else if (secretKeyRef) value = look("Secret", secretKeyRef.name, secretKeyRef.key, secretKeyRef.optional) as string;
    else if (fieldRef) value = fieldOf(container, fieldRef.fieldPath);
    if (value !== undefined) set(variable.name, value);
    else if (fieldRef || unknownSource(variable)) notices.push(`${container.name}'s ${variable.name} (${fieldRef?.fieldPath ?? "its source"})`);
  }
  return { env, leftOut, problems, notices };
}

const unknownSource = ({ valueFrom }: IEnvVar) => !valueFrom?.configMapKeyRef && !valueFrom?.secretKeyRef;

/** @see https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
function fieldOf({ workload, labels, pod }: Container, path: string): string | undefined {
  const { name, namespace = "default", annotations = {} } = workload.metadata;
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map) return (map === "labels" ? labels : annotations)[key!] ?? "";
  const fields: Record<string, string> = {
    "metadata.name": name,
    "metadata.namespace": namespace,
    "metadata.uid": name,
    "spec.nodeName": "localhost",
    "spec.serviceAccountName": pod.serviceAccountName ?? "default",
    "status.podIP": "127.0.0.1",
    "status.podIPs": "127.0.0.1",
    "status.hostIP": "127.0.0.1",
    "status.hostIPs": "127.0.0.1",
  };
  return fields[path];
}
