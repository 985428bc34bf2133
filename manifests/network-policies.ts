import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import type { Environment } from "./environment.ts";
import { flowsBetween, outsidePortsOf, type Workload } from "./flows.ts";

const policyTypes: INetworkPolicySpec["policyTypes"] = ["Ingress", "Egress"];
const inNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
/** Another ingress controller lives in another namespace. */
const ingressController: INetworkPolicyPeer = { namespaceSelector: inNamespace("ingress-nginx") };
const pods = ({ spec }: Workload): INetworkPolicyPeer => ({ podSelector: spec!.selector });
const address = (ip: string): INetworkPolicyPeer => ({ ipBlock: { cidr: `${ip}/32` } });
const dns = {
  to: [
    { namespaceSelector: inNamespace("kube-system") },
    // Where these answer, no pod does: NodeLocal DNSCache, and Cloud DNS for GKE. The latter's is the metadata server's
    // address as well, of which nothing but DNS is opened. Another resolver outside of pods needs its address here.
    address("169.254.20.10"),
    address("169.254.169.254"),
  ],
  ports: [
    { protocol: "UDP" as const, port: 53 },
    { protocol: "TCP" as const, port: 53 },
  ],
};

/** Names can't be allowed, only addresses, which change: any, but for what clouds tell their machines about themselves. */
const outside: INetworkPolicyPeer[] = [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }, { ipBlock: { cidr: "::/0", except: ["fd00:ec2::254/128"] } }];

/**
 * Nobody talks to anybody, but where the objects say so: who has a Service's address in its configuration may reach
 * its pods, and so may the ingress controller where an Ingress leads to it; a host outside of the cluster opens its
 * port to the outside. An address that is a secret can't be seen here: its port has to be added by hand.
 * @param objects of the environment; others than these policies
 */
export default ({ namespace, development, issuer }: Environment, objects: readonly object[]): NetworkPolicy[] => {
  const workloads = objects.filter((object): object is Workload => Deployment.is(object) || StatefulSet.is(object));
  const about = [objects.filter(Service.is), objects.filter(ConfigMap.is), objects.filter(Ingress.is)] as const;
  const flows = flowsBetween(workloads, ...about);
  const policies = [
    new NetworkPolicy({ metadata: { name: "default-deny", namespace }, spec: { podSelector: {}, policyTypes } }),
    ...workloads.map((workload) => {
      const ingress = flows.filter(({ to }) => to === workload).map(({ from, port }) => ({ from: [from === "ingress" ? ingressController : pods(from)], ports: [{ port }] }));
      const ports = outsidePortsOf(workload, ...about).map((port) => ({ port }));
      const egress = [...flows.filter(({ from }) => from === workload).map(({ to, port }) => ({ to: [pods(to)], ports: [{ port }] })), ...(ports.length > 0 ? [{ to: outside, ports }] : [])];
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
