import { containersOf, rule } from "../rule.ts";
import { pathOf, type Step } from "../paths.ts";
import { handlersOf } from "../probes.ts";
import type { KubernetesObject } from "../../render.ts";
import type { Finding } from "../types.ts";

const port = [1, 65535] as const;
const positive = [1, 2 ** 31 - 1] as const;
/** 0 to 0777, which is 511. */
const fileMode = [0, 0o777] as const;
const natural = [0, 2 ** 31 - 1] as const;

/** Fields of `spec` by kind. */
const specFields: Record<string, Record<string, readonly [number, number]>> = {
  Deployment: { replicas: natural, minReadySeconds: natural, revisionHistoryLimit: natural, progressDeadlineSeconds: positive },
  StatefulSet: { replicas: natural, minReadySeconds: natural, revisionHistoryLimit: natural },
  DaemonSet: { minReadySeconds: natural, revisionHistoryLimit: natural },
  ReplicaSet: { replicas: natural, minReadySeconds: natural },
  Job: { parallelism: natural, completions: natural, backoffLimit: natural, activeDeadlineSeconds: natural, ttlSecondsAfterFinished: natural },
  CronJob: { startingDeadlineSeconds: natural, successfulJobsHistoryLimit: natural, failedJobsHistoryLimit: natural },
};

export default rule({
  name: "number-range",
  group: "object",
  why: "The API server refuses ports, replicas and times out of range.",
  *check(objects) {
    for (const object of objects.all) {
      const spec = object["spec"] as Record<string, unknown> | undefined;
      if (objects.comparisons.has(object))
        for (const [field, range] of Object.entries(specFields[object.kind] ?? {})) yield* within(object, ["spec", field], spec?.[field], range);
    }
    for (const object of objects.of("Deployment")) {
      const { progressDeadlineSeconds, minReadySeconds = 0 } = object.spec ?? {};
      if ((progressDeadlineSeconds ?? 600) <= minReadySeconds)
        yield { object, path: "spec.progressDeadlineSeconds", message: `${progressDeadlineSeconds === undefined ? "is 600 if not set, and " : ""}must be more than minReadySeconds`, fix: "raise it, or lower minReadySeconds" };
    }
    for (const { pod, container, path } of containersOf(objects)) {
      for (const [index, { containerPort, hostPort }] of (container.ports ?? []).entries()) {
        yield* within(pod.object, [path, "ports", index, "containerPort"], containerPort, port);
        if (hostPort !== 0) yield* within(pod.object, [path, "ports", index, "hostPort"], hostPort, port);
      }
      for (const field of ["runAsUser", "runAsGroup"] as const) yield* within(pod.object, [path, "securityContext", field], container.securityContext?.[field], natural);
      for (const { path: place, handler } of handlersOf({ container, path })) yield* within(pod.object, [place, "port"], handler.port, port);
      for (const field of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
        const times = container[field] ?? {};
        const place = pathOf(path, field);
        for (const [name, value] of Object.entries({ initialDelaySeconds: times.initialDelaySeconds, terminationGracePeriodSeconds: times.terminationGracePeriodSeconds }))
          yield* within(pod.object, [place, name], value, name === "initialDelaySeconds" ? natural : positive);
        // 0 means the default there.
        for (const [name, value] of Object.entries({ periodSeconds: times.periodSeconds, timeoutSeconds: times.timeoutSeconds, failureThreshold: times.failureThreshold, successThreshold: times.successThreshold }))
          yield* within(pod.object, [place, name], value, natural);
        if (field !== "readinessProbe" && (times.successThreshold ?? 1) > 1)
          yield { object: pod.object, path: pathOf(place, "successThreshold"), message: "must be 1 for this probe", fix: "remove it" };
      }
    }
    for (const object of objects.of("CronJob"))
      for (const [field, range] of Object.entries(specFields["Job"]!))
        yield* within(object, ["spec.jobTemplate.spec", field], (object.spec?.jobTemplate?.spec as Record<string, unknown> | undefined)?.[field], range);
    for (const { object, spec, path } of objects.pods) {
      for (const [index, { configMap, secret, projected, downwardAPI }] of (spec.volumes ?? []).entries())
        for (const [field, source] of Object.entries({ configMap, secret, projected, downwardAPI })) yield* within(object, [path, "volumes", index, field, "defaultMode"], source?.defaultMode, fileMode);
      yield* within(object, [path, "terminationGracePeriodSeconds"], spec.terminationGracePeriodSeconds, natural);
      yield* within(object, [path, "activeDeadlineSeconds"], spec.activeDeadlineSeconds, positive);
      for (const [index, { maxSkew }] of (spec.topologySpreadConstraints ?? []).entries())
        yield* within(object, [path, "topologySpreadConstraints", index, "maxSkew"], maxSkew, positive);
      for (const field of ["runAsUser", "runAsGroup", "fsGroup"] as const)
        yield* within(object, [path, "securityContext", field], spec.securityContext?.[field], natural);
      for (const term of ["podAffinity", "podAntiAffinity"] as const)
        for (const [index, { weight }] of (spec.affinity?.[term]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries())
          yield* within(object, [path, "affinity", term, "preferredDuringSchedulingIgnoredDuringExecution", index, "weight"], weight, [1, 100]);
    }
    for (const object of objects.of("Service"))
      for (const [index, { port: own, targetPort, nodePort }] of (object.spec?.ports ?? []).entries()) {
        const place = pathOf("spec.ports", index);
        yield* within(object, [place, "port"], own, port);
        if (typeof targetPort === "number" && targetPort !== 0) yield* within(object, [place, "targetPort"], targetPort, port);
        // 30000 to 32767 is what a cluster hands out unless its API server was told otherwise.
        if (nodePort !== 0) yield* within(object, [place, "nodePort"], nodePort, [30000, 32767]);
      }
    for (const object of objects.of("Ingress"))
      for (const [rule, { http }] of (object.spec?.rules ?? []).entries())
        for (const [index, { backend }] of (http?.paths ?? []).entries())
          yield* within(object, ["spec.rules", rule, "http.paths", index, "backend.service.port.number"], backend?.service?.port?.number, port);
  },
});

function* within(object: KubernetesObject, steps: readonly Step[], value: unknown, [min, max]: readonly [number, number]): Iterable<Finding> {
  if (typeof value !== "number" || (value >= min && value <= max)) return;
  const path = pathOf(...steps);
  const range = max === 2 ** 31 - 1 ? `${min} or more` : `${min} to ${max}`;
  yield { object, path, message: `must be ${range} but is ${value}`, fix: `use ${range}` };
}
