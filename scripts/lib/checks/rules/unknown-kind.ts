import { kindsOf, knownApiVersions } from "../models.ts";
import { rule, suggestion } from "../rule.ts";

export default rule({
  name: "unknown-kind",
  group: "object",
  why: "A kind that Kubernetes has dropped or never had fails at deploy; a custom resource's fields can't be checked here.",
  others: ["no-extensions-v1beta"],
  *check({ all, comparisons }) {
    for (const object of all) {
      const { apiVersion, kind } = object;
      // The models also keep versions that Kubernetes has dropped.
      if (comparisons.has(object) && !isBetaOfKubernetes(apiVersion)) continue;
      if (apiVersion === "" || kind === "") {
        yield { object, path: apiVersion === "" ? "apiVersion" : "kind", message: "is missing", fix: "an object names its apiVersion and kind" };
        continue;
      }
      const served = [...knownApiVersions()].filter((known) => !isBetaOfKubernetes(known));
      const ofGroup = served.filter((known) => groupOf(known) === groupOf(apiVersion)).sort().reverse();
      if (served.includes(apiVersion)) {
        const kinds = kindsOf(apiVersion).filter((name) => !/(Spec|Status|List)$/.test(name));
        yield { object, path: "kind", message: `${apiVersion} has no kind ${kind}${suggestion(kind, kinds)}`, fix: "correct the kind or the apiVersion" };
      } else if (ofGroup.length > 0)
        yield { object, path: "apiVersion", message: `Kubernetes 1.36 does not serve ${apiVersion}`, fix: `use ${ofGroup.join(" or ")}` };
      else if (groupOf(apiVersion) === "extensions")
        yield { object, path: "apiVersion", message: `Kubernetes 1.36 does not serve ${apiVersion}`, fix: `use ${kind === "Ingress" || kind === "NetworkPolicy" ? "networking.k8s.io/v1" : "apps/v1"}` };
      else
        yield {
          object,
          severity: "warning",
          path: "kind",
          message: `${apiVersion} ${kind} is a custom resource: its fields were not checked${suggestion(apiVersion, served)}`,
          fix: "check it with its own tools, or in the cluster: kubectl apply --dry-run=server",
        };
    }
  },
});

const groupOf = (apiVersion: string) => (apiVersion.includes("/") ? apiVersion.split("/")[0]! : "");

/** Its alpha and beta versions are off unless a cluster turns them on. Groups of others, as cert-manager's, may have betas. */
const isBetaOfKubernetes = (apiVersion: string) => /\/v\d+(alpha|beta)\d+$/.test(apiVersion) && /^[a-z]+$|\.k8s\.io$/.test(groupOf(apiVersion)) && knownApiVersions().has(apiVersion);
