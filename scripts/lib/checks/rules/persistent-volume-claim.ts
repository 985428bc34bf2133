import type { KubernetesObject } from "../../render.ts";
import type { Loose, Of } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";
import type { Finding } from "../types.ts";

export default rule({
  name: "persistent-volume-claim",
  group: "object",
  why: "The API server refuses a claim without access modes or size.",
  *check(objects) {
    for (const object of objects.of("PersistentVolumeClaim")) if (object.spec) yield* faults(object, "spec", object.spec);
    for (const object of objects.of("StatefulSet"))
      for (const [index, { spec }] of (object.spec?.volumeClaimTemplates ?? []).entries()) if (spec) yield* faults(object, `spec.volumeClaimTemplates[${index}].spec`, spec);
    for (const { object, spec, path } of objects.pods)
      for (const [index, { ephemeral }] of (spec.volumes ?? []).entries())
        if (ephemeral?.volumeClaimTemplate?.spec) yield* faults(object, pathOf(path, "volumes", index, "ephemeral.volumeClaimTemplate.spec"), ephemeral.volumeClaimTemplate.spec);
  },
});

function* faults(object: KubernetesObject, path: string, { accessModes, resources }: Loose<NonNullable<Of<"PersistentVolumeClaim">["spec"]>>): Iterable<Finding> {
  if (!accessModes?.length) yield { object, path: `${path}.accessModes`, message: "is missing", fix: "set [ReadWriteOnce]" };
  const modes = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
  for (const mode of accessModes ?? [])
    if (!modes.includes(mode)) yield { object, path: `${path}.accessModes`, message: `${JSON.stringify(mode)} is no access mode`, fix: `use ${modes.join(", ")}` };
  if (resources?.requests?.["storage"] === undefined) yield { object, path: `${path}.resources.requests.storage`, message: "is missing", fix: "say how much is wanted: 1Gi" };
}
