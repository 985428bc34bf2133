import { parseImage } from "../image.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "image-reference",
  group: "object",
  why: "The API server takes any text as an image; the pod then waits with InvalidImageName.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects))
      if (container.image && !parseImage(container.image))
        yield {
          object: pod.object,
          path: pathOf(path, "image"),
          message: `${JSON.stringify(container.image)} is no image reference`,
          fix: "registry.example/team/name:1.2.3, in lower case but for the tag",
        };
  },
});
