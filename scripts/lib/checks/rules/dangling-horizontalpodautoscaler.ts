import { namespaceOf } from "../objects.ts";
import { rule, suggestion } from "../rule.ts";

/** All that autoscaling/v1 can measure. */
interface V1 {
  readonly targetCPUUtilizationPercentage?: number;
}

const scalable = ["Deployment", "StatefulSet", "ReplicaSet"] as const;

export default rule({
  name: "dangling-horizontalpodautoscaler",
  group: "references",
  why: "An autoscaler of something that does not exist, or whose pods request none of what it measures, never scales.",
  others: ["horizontalpodautoscaler-has-target"],
  *check(objects) {
    for (const object of objects.of("HorizontalPodAutoscaler")) {
      const { scaleTargetRef: target, metrics = [] } = object.spec ?? {};
      const { targetCPUUtilizationPercentage } = (object.spec ?? {}) as V1;
      const kind = scalable.find((kind) => kind === target?.kind);
      const namespace = namespaceOf(object);
      if (!target?.name) continue;
      if (target.kind === "DaemonSet" || target.kind === "Service" || target.kind === "Pod") {
        yield { object, path: "spec.scaleTargetRef.kind", message: `a ${target.kind} can't be scaled`, fix: `use ${scalable.join(", ")}` };
        continue;
      }
      if (!kind) continue;
      if (target.apiVersion !== undefined && target.apiVersion !== "apps/v1") {
        yield { object, path: "spec.scaleTargetRef.apiVersion", message: `a ${kind} is of apps/v1`, fix: "write apps/v1" };
        continue;
      }
      if (!objects.find(kind, namespace, target.name)) {
        yield { object, path: "spec.scaleTargetRef.name", message: `there is no ${kind} ${target.name}${suggestion(target.name, objects.names(kind, namespace))}`, fix: "correct the name" };
        continue;
      }
      const pod = objects.pods.find((pod) => pod.kind === kind && pod.namespace === namespace && pod.object.metadata.name === target.name);
      const measured = metrics.flatMap(({ resource }, index) => (resource?.name && resource.target?.averageUtilization !== undefined ? { name: resource.name, path: `spec.metrics[${index}]` } : []));
      if (targetCPUUtilizationPercentage !== undefined) measured.push({ name: "cpu", path: "spec.targetCPUUtilizationPercentage" });
      for (const { name, path } of measured)
        for (const { container, init } of pod?.containers ?? [])
          if (!init && container.resources?.requests?.[name] === undefined && container.resources?.limits?.[name] === undefined)
            yield { object, path, message: `container ${container.name} of ${kind} ${target.name} requests no ${name}, so there is no utilization`, fix: `set resources.requests.${name}` };
    }
  },
});
