import { knownApiVersions } from "../models.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "unknown-kind",
  group: "object",
  why: "A kind that Kubernetes has dropped or never had fails at deploy; a custom resource's fields can't be checked here.",
  others: ["no-extensions-v1beta"],
  *check({ all, comparisons }) {
    for (const object of all) {
      const { apiVersion, kind } = object;
      if (comparisons.has(object)) continue;
      if (apiVersion === "" || kind === "") {
        yield { object, path: apiVersion === "" ? "apiVersion" : "kind", message: "is missing", fix: "an object names its apiVersion and kind" };
        continue;
      }
      const [group = ""] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
      const known = knownApiVersions();
      const ofGroup = [...known].filter((known) => (known.includes("/") ? known.split("/")[0] : "") === group);
      if (ofGroup.length === 0)
        yield {
          object,
          severity: "warning",
          path: "kind",
          message: `${apiVersion} ${kind} is a custom resource: its fields were not checked${suggestion(apiVersion, known)}`,
          fix: "check it with its own tools, or in the cluster: kubectl apply --dry-run=server",
        };
      else if (known.has(apiVersion))
        yield { object, path: "kind", message: `${apiVersion} has no kind ${kind}`, fix: `correct the kind or the apiVersion` };
      else
        yield { object, path: "apiVersion", message: `Kubernetes 1.36 does not serve ${apiVersion}`, fix: `use ${ofGroup.join(" or ")}` };
    }
  },
});
