import { isMoving, parseImage } from "../image.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "latest-tag",
  group: "environment",
  why: "Behind a tag that moves (none, latest, a branch, 8-alpine) tomorrow's pod runs what nobody tested, and a rollback brings nothing back.",
  others: ["container-image-tag"],
  *check(objects) {
    if (objects.settings?.development) return;
    for (const { pod, container, path } of containersOf(objects)) {
      const image = container.image ? parseImage(container.image) : undefined;
      if (image && isMoving(image))
        yield {
          object: pod.object,
          path: pathOf(path, "image"),
          message: image.tag === undefined ? `${container.image} has no tag` : `the tag ${image.tag} can point elsewhere tomorrow`,
          fix: "use a full version (1.2.3) or a digest (name:1.2@sha256:…)",
        };
    }
  },
});
