import { pathOf } from "../paths.ts";
import { linuxContainersOf, rule } from "../rule.ts";

export default rule({
  name: "no-read-only-root-fs",
  group: "policy",
  why: "What can't write to its own files can't be made to keep an intruder's.",
  others: ["container-security-context-readonlyrootfilesystem"],
  *check(objects) {
    // There edited files are copied into the running container.
    if (objects.settings?.development) return;
    for (const { pod, container, path } of linuxContainersOf(objects))
      if (container.securityContext?.readOnlyRootFilesystem !== true)
        yield { object: pod.object, path: pathOf(path, "securityContext.readOnlyRootFilesystem"), message: "is not true", fix: "set it, and mount an emptyDir where the program writes" };
  },
});
