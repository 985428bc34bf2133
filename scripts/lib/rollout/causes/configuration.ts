import { nearest } from "../../errors.ts";
import type { KubernetesObject } from "../../render.ts";
import { makerOf } from "../made-secrets.ts";
import { keyOf, timesSeen, type Container, type ContainerStatus, type Event, type Live, type Pod } from "../facts.ts";
import { containerField, type Suspicion } from "../suspicion.ts";

// What a container is given: ConfigMaps, Secrets, volumes, a user.

/**
 * The kubelet learns of a new Secret or ConfigMap by its own watch, some seconds after the API server; the next try follows
 * within about 12 s, so 10 s decide nothing that a second try would not have.
 */
const afterLookingAgain = 10;
/** Volumes are tried after 0.5, 1, 2, 4, 8 s: 16 s are five tries. Being detached from another node may take as long. */
const afterMountingAgain = 16;
/**
 * A Secret that is being made takes longer, and this object may be waited for without the one that it is made from. Then a
 * container's environment gets two tries, and volumes the kubelet's longest pause between two: 2 min 2 s.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/util/goroutinemap/exponentialbackoff/exponential_backoff.go
 */
const madeForEnvironment = 25;
const madeForVolume = 125;

/** @returns why a container can't be made. @param all the environment's objects, for names that are near */
export function configurationSuspicion(object: Live, pod: Pod, container: Container, status: ContainerStatus, all: readonly KubernetesObject[]): Suspicion | undefined {
  const { reason = "", message = "" } = status.state?.waiting ?? {};
  if (reason === "CreateContainerError" || reason === "PreCreateHookError" || reason === "PostStartHookError") {
    const noCommand = /no command specified/i.test(message);
    return {
      ...{ object, pod, container: container.name, reason, message, cause: "container-config" as const },
      // Names of dead containers and slow disks get in the way for a moment.
      finalAfter: noCommand ? 0 : 20,
      likely: noCommand ? `neither ${container.image} nor the manifest says what to run` : "the container runtime could not make the container",
      fix: noCommand ? "set command" : "read the message above",
      field: containerField(object, pod, container.name, "command"),
      commands: [`kubectl describe pod ${pod.metadata.name}`],
    };
  }
  if (reason !== "CreateContainerConfigError") return undefined;
  const shown = { object, pod, container: container.name, reason, message: message.replace(/ \(pod: .*$/, "") };
  const security = containerField(object, pod, container.name, "securityContext");
  if (/non-numeric user/.test(message))
    return {
      ...shown,
      cause: "user-not-numeric",
      finalAfter: 0,
      likely: `runAsNonRoot is set, and the image's user has a name (${/user \(([^)]+)\)/.exec(message)?.[1] ?? "?"}): the kubelet can't see that it is not root`,
      fix: `set runAsUser to the user's number`,
      field: `${security}.runAsUser`,
      commands: [`docker run --rm --entrypoint id ${container.image}`],
    };
  if (/will run as root|runAsUser breaks non-root/.test(message))
    return {
      ...shown,
      cause: "runs-as-root",
      finalAfter: 0,
      likely: "runAsNonRoot is set, and the image runs as root",
      fix: "set runAsUser to a number other than 0, or USER in the Dockerfile",
      field: `${security}.runAsUser`,
      commands: [],
    };
  const missing = missingReference(message);
  if (missing) return { ...shown, ...explainMissing(missing, object, all, containerField(object, pod, container.name, placeOf(container, missing))), finalAfter: isMade(missing, object, all) ? madeForEnvironment : afterLookingAgain };
  return { ...shown, cause: "container-config", finalAfter: afterLookingAgain, likely: "the container's configuration can't be used", fix: "read the message above", field: containerField(object, pod, container.name, "env"), commands: [`kubectl describe pod ${pod.metadata.name}`] };
}

/** @returns what keeps a pod's volumes from being there: only events say so, the pod itself shows ContainerCreating. */
export function mountSuspicion(object: Live, pod: Pod, events: readonly Event[], all: readonly KubernetesObject[]): Suspicion | undefined {
  const waiting = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  if (pod.status.phase !== "Pending" || waiting.length === 0 || waiting.some(({ state }) => !/^(ContainerCreating|PodInitializing)$/.test(state?.waiting?.reason ?? ""))) return undefined;
  // Images are pulled when all volumes are there.
  const event = events.findLast(({ reason }) => /^(FailedMount|FailedAttachVolume|FailedMapVolume|FailedCreatePodSandBox|Pulling|Pulled|Created|Started)$/.test(reason));
  if (!event?.reason.startsWith("Failed")) return undefined;
  const { reason, message } = event;
  const commands = [`kubectl describe pod ${pod.metadata.name}`];
  if (reason === "FailedCreatePodSandBox")
    // Networks of a node that has just started come up within half a minute.
    return { object, pod, reason, message, cause: "sandbox", finalAfter: 26, likely: "the node's network plugin could not give the pod an address", fix: "look at the network plugin's own pods in kube-system", commands: ["kubectl get pods -n kube-system -o wide"] };
  const volume = /volume "([^"]+)"/.exec(message)?.[1];
  const index = pod.spec.volumes?.findIndex(({ name }) => name === volume) ?? -1;
  const field = `${object.kind === "Pod" ? "spec" : "spec.template.spec"}.volumes[${index < 0 ? "" : volume}]`;
  const missing = missingReference(message);
  // The first tries often come before the kubelet knows the object: one event alone says nothing.
  if (missing) return { object, pod, reason, message, ...explainMissing(missing, object, all, field), finalAfter: isMade(missing, object, all) ? madeForVolume : timesSeen(event) > 1 ? afterLookingAgain : afterMountingAgain };
  const elsewhere = /Multi-Attach|already used by|already exclusively attached/i.test(message);
  return {
    ...{ object, pod, reason, message, field, commands, cause: "volume-mount" as const },
    // A volume follows its pod to another node only after the old pod has ended and the disk was detached.
    finalAfter: elsewhere ? 90 : afterMountingAgain,
    likely: elsewhere ? "the volume can be used on one node at a time, and another pod holds it" : "the volume can't be mounted",
    fix: elsewhere ? "a Deployment with such a volume needs strategy: { type: \"Recreate\" }" : "read the message above",
  };
}

interface Missing {
  kind: "ConfigMap" | "Secret";
  name: string;
  key?: string;
}

const kindOf = (word: string) => (/secret/i.test(word) ? "Secret" : "ConfigMap");

/** @returns what the kubelet looked for, from its own words */
export function missingReference(message: string): Missing | undefined {
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+\/)?(\S+)/i.exec(message);
  if (key) return { kind: kindOf(key[2]!), name: key[3]!, key: key[1]! };
  const gone = /\b(configmap|secret)s? "([^"]+)" not found/i.exec(message);
  if (gone) return { kind: kindOf(gone[1]!), name: gone[2]! };
  const inVolume = /references non-existent (config|secret) key: (\S+)/i.exec(message);
  if (inVolume) return { kind: kindOf(inVolume[1]!), name: "", key: inVolume[2]! };
  return undefined;
}

const isMade = ({ kind, name }: Missing, object: Live, all: readonly KubernetesObject[]) => kind === "Secret" && makerOf(name, object.metadata.namespace, all) !== undefined;

function explainMissing({ kind, name, key }: Missing, object: Live, all: readonly KubernetesObject[], field: string): Pick<Suspicion, "cause" | "likely" | "fix" | "field" | "commands" | "awaits"> {
  const { namespace } = object.metadata;
  const maker = kind === "Secret" ? makerOf(name, namespace, all) : undefined;
  const lookAtMaker = maker ? [`kubectl describe ${maker.kind.toLowerCase()} ${maker.metadata.name}`] : [];
  const near = all.filter((candidate) => candidate.kind === kind && (candidate.metadata.namespace ?? namespace) === namespace);
  const found = near.find(({ metadata }) => metadata.name === name);
  if (key !== undefined) {
    const keys = found ? Object.keys({ ...(found["data"] as object), ...(found["stringData"] as object), ...(found["binaryData"] as object) }) : [];
    const meant = nearest(key, keys);
    const place = maker ? keyOf(maker) : `${kind}${name && ` ${name}`}`;
    return {
      cause: "config-key-missing",
      likely: `${kind}${name && ` ${name}`} has no key ${key}${meant ? ` (did you mean ${meant}?)` : keys.length > 0 ? `; it has ${keys.join(", ")}` : ""}${maker ? `; ${keyOf(maker)} makes it` : ""}`,
      fix: meant ? `write ${meant}, or add ${key} to ${place}` : `add ${key} to ${place}, or name a key that is there`,
      field,
      commands: [...(name ? [`kubectl describe ${kind.toLowerCase()} ${name}`] : []), ...lookAtMaker],
    };
  }
  if (maker)
    return {
      cause: "config-missing",
      likely: `there is no Secret ${name} in namespace ${namespace} yet: ${keyOf(maker)} makes it once it ${maker.kind === "Certificate" ? "is issued" : "has got the values from its store"}`,
      fix: `see why ${keyOf(maker)} has not made it`,
      field,
      commands: lookAtMaker,
      awaits: [keyOf({ kind: maker.kind, metadata: { ...maker.metadata, namespace: maker.metadata.namespace ?? namespace } })],
    };
  const meant = found ? undefined : nearest(name, near.map(({ metadata }) => metadata.name));
  return {
    cause: "config-missing",
    likely: `there is no ${kind} ${name} in namespace ${namespace}${meant ? ` (did you mean ${meant}?)` : ""}${found ? ": it was applied, and something has deleted it" : ""}`,
    fix: meant ? `write ${meant}` : `add ${kind} ${name} to manifests/, or name one that is there; optional: true lets the pod start without it`,
    field,
    commands: [`kubectl get ${kind.toLowerCase()}s`],
  };
}

function placeOf(container: Container, { kind, name, key }: Missing): string {
  const ref = kind === "Secret" ? "secretRef" : "configMapRef";
  const keyRef = kind === "Secret" ? "secretKeyRef" : "configMapKeyRef";
  const from = container.envFrom?.findIndex((source) => source[ref]?.name === name) ?? -1;
  if (key === undefined && from >= 0) return `envFrom[${from}].${ref}.name`;
  const env = container.env?.find(({ valueFrom }) => valueFrom?.[keyRef]?.name === name && (key === undefined || valueFrom[keyRef].key === key));
  return env ? `env[${env.name}].valueFrom.${keyRef}` : "env";
}
