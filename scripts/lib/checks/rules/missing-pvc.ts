import { pathOf } from "../paths.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "missing-pvc",
  group: "references",
  why: "A pod stays pending for a claim that nobody makes.",
  *check(objects) {
    for (const { object, namespace, spec, path } of objects.pods)
      for (const [index, { persistentVolumeClaim }] of (spec.volumes ?? []).entries()) {
        const name = persistentVolumeClaim?.claimName;
        if (!name || objects.find("PersistentVolumeClaim", namespace, name) || isOfStatefulSet(name, namespace)) continue;
        yield { object, path: pathOf(path, "volumes", index, "persistentVolumeClaim.claimName"), message: `there is no PersistentVolumeClaim ${name}${suggestion(name, objects.names("PersistentVolumeClaim", namespace))}`, fix: "correct the name, or add the claim" };
      }

    // They are called after the template, the set and the pod's number.
    function isOfStatefulSet(name: string, namespace: string): boolean {
      return objects.of("StatefulSet", namespace).some((set) =>
        set.spec?.volumeClaimTemplates?.some((claim) => name.startsWith(`${claim.metadata?.name}-${set.metadata.name}-`)));
    }
  },
});
