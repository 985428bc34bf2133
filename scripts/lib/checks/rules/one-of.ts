import type { KubernetesObject } from "../../render.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

export default rule({
  name: "one-of",
  group: "object",
  why: "Where Kubernetes wants one of several fields (value or valueFrom, a volume's source, a probe's kind), it refuses two, and often none.",
  *check(objects) {
    for (const { object, spec, path } of objects.pods)
      for (const [index, { name: _, ...sources }] of (spec.volumes ?? []).entries())
        yield* exactlyOne(object, pathOf(path, "volumes", index), sources, "emptyDir, configMap, secret, persistentVolumeClaim …", { severity: "warning", message: "has no source, which means emptyDir" });
    for (const { pod, container, path } of containersOf(objects)) {
      const { object } = pod;
      for (const [index, variable] of (container.env ?? []).entries()) {
        const place = pathOf(path, "env", index);
        if (variable.value !== undefined && variable.value !== "" && variable.valueFrom !== undefined)
          yield { object, path: place, message: `${variable.name} has both value and valueFrom`, fix: "remove one of them" };
        if (variable.valueFrom !== undefined) yield* exactlyOne(object, pathOf(place, "valueFrom"), variable.valueFrom, "configMapKeyRef, secretKeyRef, fieldRef or resourceFieldRef");
      }
      for (const [index, { prefix: _, ...sources }] of (container.envFrom ?? []).entries())
        yield* exactlyOne(object, pathOf(path, "envFrom", index), sources, "configMapRef or secretRef");
      for (const field of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
        const probe = container[field];
        if (probe) yield* exactlyOne(object, pathOf(path, field), { exec: probe.exec, httpGet: probe.httpGet, tcpSocket: probe.tcpSocket, grpc: probe.grpc }, "httpGet, tcpSocket, grpc or exec");
      }
      for (const field of ["postStart", "preStop"] as const) {
        const hook = container.lifecycle?.[field];
        if (hook) yield* exactlyOne(object, pathOf(path, "lifecycle", field), { exec: hook.exec, httpGet: hook.httpGet, tcpSocket: hook.tcpSocket, sleep: hook.sleep }, "httpGet, exec or sleep");
      }
    }
  },
});

function* exactlyOne(object: KubernetesObject, path: string, fields: object, words: string, none?: Pick<Finding, "severity" | "message">): Iterable<Finding> {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (set.length === 1) return;
  const message = set.length === 0 ? `has none of ${words}` : `has both ${set.map(([name]) => name).join(" and ")}`;
  yield { object, path, message, fix: `set exactly one of ${words}`, ...(set.length === 0 && none) };
}
