import type { KubernetesObject } from "../../render.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "duplicate-host-path",
  group: "references",
  why: "Of two backends for one host and path, one never gets a request; ingress-nginx refuses the second.",
  *check(objects) {
    const seen = new Map<string, { object: KubernetesObject; path: string }>();
    for (const object of objects.of("Ingress")) {
      // A canary shares host and path with what it is a canary of.
      if (object.metadata.annotations?.["nginx.ingress.kubernetes.io/canary"] === "true") continue;
      for (const [index, { host = "", http }] of (object.spec?.rules ?? []).entries())
        for (const [number, { path = "/", pathType }] of (http?.paths ?? []).entries()) {
          const key = `${object.spec?.ingressClassName} ${host} ${path} ${pathType}`;
          const place = pathOf("spec.rules", index, "http.paths", number);
          const first = seen.get(key);
          if (!first) seen.set(key, { object, path: place });
          else
            yield { object, path: place, message: `${host}${path} is served by ${first.object === object ? first.path : `Ingress ${first.object.metadata.name}`} already`, fix: "remove or change one of them" };
        }
    }
  },
});
