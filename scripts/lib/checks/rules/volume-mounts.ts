import { pathOf } from "../paths.ts";
import { containersOf, rule, suggestion } from "../rule.ts";

export default rule({
  name: "volume-mounts",
  group: "object",
  why: "The API server refuses a mount of a volume that the pod does not have.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      const claims = pod.kind === "StatefulSet" ? objects.find("StatefulSet", pod.namespace, pod.object.metadata.name)?.spec?.volumeClaimTemplates : [];
      const volumes = new Set([...(pod.spec.volumes ?? []).map(({ name }) => name), ...(claims ?? []).map((claim) => claim.metadata?.name)]);
      const known = [...volumes].filter((name) => name !== undefined);
      for (const field of ["volumeMounts", "volumeDevices"] as const)
        for (const [index, { name }] of (container[field] ?? []).entries())
          if (name !== undefined && !volumes.has(name))
            yield { object: pod.object, path: pathOf(path, field, index, "name"), message: `the pod has no volume ${name}${suggestion(name, known)}`, fix: `add it to ${pod.path}.volumes` };
      for (const [index, { mountPath, subPath }] of (container.volumeMounts ?? []).entries()) {
        // That of a drive of Windows apart.
        if (mountPath?.replace(/^[A-Za-z]:(?=[\\/])/, "").includes(":")) yield { object: pod.object, path: pathOf(path, "volumeMounts", index, "mountPath"), message: "may not hold a colon", fix: "use a plain path" };
        if (subPath !== undefined && /^\/|(^|\/)\.\.(\/|$)/.test(subPath))
          yield { object: pod.object, path: pathOf(path, "volumeMounts", index, "subPath"), message: "must be a relative path without ..", fix: "write it relative to the volume" };
      }
    }
  },
});
