import type { KubernetesObject } from "../../render.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

const withTemplate = ["DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"] as const;
const withSpec = [...withTemplate, "CronJob", "Ingress", "PersistentVolumeClaim", "Pod", "Service"] as const;

export default rule({
  name: "required-field",
  group: "object",
  why: "The API server refuses an object without a spec or pod template, and empty names, which the models let pass.",
  *check(objects) {
    for (const kind of withSpec) for (const object of objects.of(kind)) if (!object.spec) yield* missing(object, "spec");
    for (const kind of withTemplate)
      for (const object of objects.of(kind)) if (object.spec?.template && !object.spec.template.spec) yield* missing(object, "spec.template.spec");
    for (const object of objects.of("CronJob"))
      if (object.spec?.jobTemplate && !object.spec.jobTemplate.spec?.template?.spec) yield* missing(object, "spec.jobTemplate.spec.template.spec");
    for (const object of objects.of("StatefulSet"))
      for (const [index, claim] of (object.spec?.volumeClaimTemplates ?? []).entries()) if (!claim.spec) yield* missing(object, pathOf("spec.volumeClaimTemplates", index, "spec"));
    for (const { pod, container, path } of containersOf(objects)) {
      const { object } = pod;
      for (const [index, { valueFrom }] of (container.env ?? []).entries())
        for (const field of ["configMapKeyRef", "secretKeyRef"] as const)
          if (valueFrom?.[field]) yield* missing(object, pathOf(path, "env", index, "valueFrom", field, "name"), valueFrom[field].name);
      for (const [index, source] of (container.envFrom ?? []).entries())
        for (const field of ["configMapRef", "secretRef"] as const) if (source[field]) yield* missing(object, pathOf(path, "envFrom", index, field, "name"), source[field].name);
      for (const [index, { mountPath }] of (container.volumeMounts ?? []).entries())
        if (mountPath !== undefined) yield* missing(object, pathOf(path, "volumeMounts", index, "mountPath"), mountPath);
      for (const field of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
        const { exec } = container[field] ?? {};
        if (exec) yield* missing(object, pathOf(path, field, "exec.command"), exec.command);
      }
      for (const field of ["postStart", "preStop"] as const) {
        const { exec } = container.lifecycle?.[field] ?? {};
        if (exec) yield* missing(object, pathOf(path, "lifecycle", field, "exec.command"), exec.command);
      }
    }
    for (const { object, spec, path } of objects.pods)
      for (const [index, { configMap, secret, persistentVolumeClaim, hostPath }] of (spec.volumes ?? []).entries()) {
        const place = pathOf(path, "volumes", index);
        if (configMap) yield* missing(object, pathOf(place, "configMap.name"), configMap.name);
        if (secret) yield* missing(object, pathOf(place, "secret.secretName"), secret.secretName);
        if (persistentVolumeClaim?.claimName === "") yield* missing(object, pathOf(place, "persistentVolumeClaim.claimName"));
        if (hostPath?.path === "") yield* missing(object, pathOf(place, "hostPath.path"));
        for (const [field, source] of Object.entries({ configMap, secret }))
          for (const [number, { path }] of (source?.items ?? []).entries()) if (path === "") yield* missing(object, pathOf(place, field, "items", number, "path"));
      }
    for (const object of objects.of("Ingress"))
      for (const [index, { http }] of (object.spec?.rules ?? []).entries())
        for (const [number, { backend }] of (http?.paths ?? []).entries())
          if (backend?.service?.name === "") yield* missing(object, pathOf("spec.rules", index, "http.paths", number, "backend.service.name"));
    for (const object of objects.of("HorizontalPodAutoscaler")) {
      const target = object.spec?.scaleTargetRef;
      if (target) for (const field of ["apiVersion", "kind", "name"] as const) if (target[field] === "" || (field === "apiVersion" && !target[field])) yield* missing(object, `spec.scaleTargetRef.${field}`);
    }
    for (const object of objects.of("Certificate")) {
      if (object.spec?.secretName === "") yield* missing(object, "spec.secretName");
      if (object.spec?.issuerRef?.name === "") yield* missing(object, "spec.issuerRef.name");
    }
    for (const object of [...objects.of("ClusterIssuer"), ...objects.of("Issuer")])
      if (object.spec?.acme?.privateKeySecretRef?.name === "") yield* missing(object, "spec.acme.privateKeySecretRef.name");
  },
});

function* missing(object: KubernetesObject, path: string, value?: string | readonly unknown[]): Iterable<Finding> {
  if (!value?.length) yield { object, path, message: value === undefined ? "is missing" : "is empty", fix: "set it; Kubernetes requires it here" };
}
