import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import type { Environment } from "./environment.ts";
import { flowsBetween, type Workload } from "./flows.ts";

const policyTypes: INetworkPolicySpec["policyTypes"] = ["Ingress", "Egress"];
const inNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
/** Another ingress controller lives in another namespace. */
const ingressController: INetworkPolicyPeer = { namespaceSelector: inNamespace("ingress-nginx") };
const pods = ({ spec }: Workload): INetworkPolicyPeer => ({ podSelector: spec!.selector });
const dns = {
  to: [{ namespaceSelector: inNamespace("kube-system") }],
  ports: [
    { protocol: "UDP" as const, port: 53 },
    { protocol: "TCP" as const, port: 53 },
  ],
};

/**
 * Nobody talks to anybody, but where the objects say so: who has a Service's address in its configuration may reach
 * its pods, and so may the ingress controller where an Ingress leads to it.
 * @param objects of the environment; others than these policies
 */
export default ({ namespace, development, issuer }: Environment, objects: readonly object[]): NetworkPolicy[] => {
  const workloads = objects.filter((object): object is Workload => Deployment.is(object) || StatefulSet.is(object));
  const flows = flowsBetween(workloads, objects.filter(Service.is), objects.filter(ConfigMap.is), objects.filter(Ingress.is));
  const policies = [
    new NetworkPolicy({ metadata: { name: "default-deny", namespace }, spec: { podSelector: {}, policyTypes } }),
    ...workloads.map((workload) => {
      const ingress = flows.filter(({ to }) => to === workload).map(({ from, port }) => ({ from: [from === "ingress" ? ingressController : pods(from)], ports: [{ port }] }));
      const egress = flows.filter(({ from }) => from === workload).map(({ to, port }) => ({ to: [pods(to)], ports: [{ port }] }));
      return new NetworkPolicy({
        metadata: { name: workload.metadata!.name!, namespace },
        spec: { podSelector: workload.spec!.selector, policyTypes, ingress, egress: egress.length > 0 ? [dns, ...egress] : [] },
      });
    }),
  ];
  // In development a changed package.json is installed in the running container, from the internet.
  if (development)
    policies.push(new NetworkPolicy({ metadata: { name: "development", namespace }, spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } }));
  // cert-manager's pods that answer the challenges of Let's Encrypt, through the ingress.
  if (issuer.kind === "acme" && !issuer.dns01)
    policies.push(
      new NetworkPolicy({
        metadata: { name: "acme-solver", namespace },
        spec: {
          podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
          policyTypes: ["Ingress"],
          ingress: [{ from: [ingressController], ports: [{ port: 8089 }] }],
        },
      }),
    );
  return policies;
};
