import { isLocalHost } from "../hosts.ts";
import { parseImage } from "../image.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "development-image",
  group: "environment",
  why: "A development image reloads, listens for debuggers and comes from a registry that only the developer's machine has.",
  *check(objects) {
    if (objects.settings?.development) return;
    for (const { pod, container, path } of containersOf(objects)) {
      const image = container.image ? parseImage(container.image) : undefined;
      const place = pathOf(path, "image");
      if (image?.registry && isLocalHost(image.registry.replace(/:\d+$/, "")))
        yield { object: pod.object, path: place, message: `${image.registry} is a registry of one machine`, fix: "use one that the cluster can pull from" };
      if (/^(dev|development|local|debug)([-.]|$)|[-.](dev|development|debug)$/.test(image?.tag ?? ""))
        yield { object: pod.object, path: place, message: `${image!.tag} is a development image`, fix: "deploy the production image" };
    }
  },
});
