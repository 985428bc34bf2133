import { isClusterScoped } from "../objects.ts";
import { isDns1035Label, isDnsLabel, isDnsSubdomain, isPathSegment } from "../names.ts";
import { rule } from "../rule.ts";

const pathSegment = new Set(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]);
const dnsSubdomain = "lower case letters, digits, - and ., at most 253 characters, letter or digit at both ends";
const dnsLabel = "lower case letters, digits and -, at most 63 characters, letter or digit at both ends";

export default rule({
  name: "valid-name",
  group: "object",
  why: "The API server refuses names that don't fit into host names or URLs.",
  *check({ all }) {
    for (const object of all) {
      const { kind, metadata } = object;
      const { name, namespace } = metadata;
      const path = "metadata.name";
      if (name === "") {
        const generated = (metadata as { generateName?: unknown }).generateName !== undefined;
        if (generated) yield { object, path, severity: "warning", message: "is missing: generateName works with kubectl create only", fix: "give it a name, so that it can be applied again" };
        else yield { object, path, message: "is missing", fix: "every object needs a name" };
      } else if (kind === "Service" && object.apiVersion === "v1" ? !isDns1035Label(name) : (kind === "Namespace" || kind === "StatefulSet") && !isDnsLabel(name))
        yield { object, path, message: `${JSON.stringify(name)} is no ${kind} name`, fix: `${dnsLabel}${kind === "Service" ? "; it begins with a letter" : ""}` };
      else if (pathSegment.has(kind) ? !isPathSegment(name) : !isDnsSubdomain(name))
        yield { object, path, message: `${JSON.stringify(name)} is no ${kind} name`, fix: pathSegment.has(kind) ? "it may not hold / or %" : dnsSubdomain };
      // 11 characters are added for each run, and a Job's name must fit into a label.
      else if (kind === "CronJob" && name.length > 52)
        yield { object, path, message: `is ${name.length} characters long; its Jobs' names get 11 more`, fix: "at most 52 characters" };
      // The server takes it, but refuses every pod: their label controller-revision-hash is the name and up to 11 characters.
      else if (kind === "StatefulSet" && name.length > 52)
        yield { object, path, message: `is ${name.length} characters long; its pods carry it in a label, with 11 more`, fix: "at most 52 characters" };
      // Its pods carry the name in a label, and in their host names.
      else if (kind === "Job" && name.length > 63)
        yield { object, path, message: `is ${name.length} characters long; its pods carry it in a label`, fix: "at most 63 characters" };
      if (namespace !== undefined && !isClusterScoped(object) && !isDnsLabel(namespace))
        yield { object, path: "metadata.namespace", message: `${JSON.stringify(namespace)} is no namespace name`, fix: dnsLabel };
    }
  },
});
