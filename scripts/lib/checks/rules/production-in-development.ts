import { isLocalHost } from "../hosts.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

// What the common tools call the clusters that they make on this machine.
const localContext = /^(kind-.+|k3d-.+|minikube|docker-desktop|rancher-desktop|orbstack|colima.*|microk8s)$/;

export default rule({
  name: "production-in-development",
  group: "environment",
  why: "A development environment that points at a production context or domain deploys every saved file to users.",
  *check(objects) {
    const { settings, others } = objects;
    if (!settings) return;
    const users = others.filter(({ development }) => !development);
    if (!settings.development) {
      const same = users.find(({ context, namespace }) => context !== undefined && context === settings.context && namespace === settings.namespace);
      if (same) yield { path: "namespace", message: `${settings.name} and ${same.name} are the same namespace of the same context ${settings.context}`, fix: "give each a namespace or a cluster of its own" };
      return;
    }
    const { context, domain } = settings;
    const owner = users.find((other) => other.context !== undefined && other.context === context);
    if (owner) yield { path: "context", message: `${context} is the context of ${owner.name}`, fix: "use the local cluster's: kind-dev" };
    else if (context !== undefined && !localContext.test(context))
      yield { path: "context", message: `${context} is no cluster of this machine`, fix: "use the local cluster's: kind-dev" };
    const domains = users.flatMap(({ domain, name }) => (domain ? [{ domain, name }] : []));
    const ownerOf = (host: string) => (isLocalHost(host) ? undefined : domains.find(({ domain }) => host === domain || host.endsWith(`.${domain}`))?.name);
    const owned = domain && ownerOf(domain);
    if (owned) yield { path: "domain", message: `${domain} belongs to ${owned}`, fix: "use a name under .localhost" };
    for (const object of objects.of("Ingress"))
      for (const [index, { host }] of (object.spec?.rules ?? []).entries()) {
        const owner = host && ownerOf(host);
        if (owner) yield { object, path: pathOf("spec.rules", index, "host"), message: `${host} belongs to ${owner}`, fix: "use a name under .localhost" };
      }
    for (const object of objects.of("Certificate"))
      for (const [index, host] of (object.spec?.dnsNames ?? []).entries()) {
        const owner = ownerOf(host);
        if (owner) yield { object, path: pathOf("spec.dnsNames", index), message: `${host} belongs to ${owner}`, fix: "use a name under .localhost" };
      }
  },
});
