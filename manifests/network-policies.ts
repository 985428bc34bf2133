import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import type { Environment } from "./environment.ts";

// Nobody talks to anybody, but for these. Ports are the pods', not the Services'.
const flows = [
  { from: "ingress", to: "landing-page", port: 8080 },
  { from: "ingress", to: "backend", port: 3000 },
  { from: "backend", to: "valkey", port: 6379 },
  { from: "backend", to: "signaling", port: 4000 },
];
const services = ["landing-page", "backend", "signaling", "valkey"];

const pods = (name: string) => ({ matchLabels: { "app.kubernetes.io/name": name } });
const inNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
/** Another ingress controller lives in another namespace. */
const peer = (name: string): INetworkPolicyPeer =>
  name === "ingress" ? { namespaceSelector: inNamespace("ingress-nginx") } : { podSelector: pods(name) };
const dns = {
  to: [{ namespaceSelector: inNamespace("kube-system") }],
  ports: [
    { protocol: "UDP" as const, port: 53 },
    { protocol: "TCP" as const, port: 53 },
  ],
};

export default (environment: Environment) => {
  const { namespace, development, issuer } = environment;
  const policyTypes: INetworkPolicySpec["policyTypes"] = ["Ingress", "Egress"];
  const policies = [
    new NetworkPolicy({ metadata: { name: "default-deny", namespace }, spec: { podSelector: {}, policyTypes } }),
    ...services.map((name) => {
      const ingress = flows.filter(({ to }) => to === name).map(({ from, port }) => ({ from: [peer(from)], ports: [{ port }] }));
      const egress = flows.filter(({ from }) => from === name).map(({ to, port }) => ({ to: [peer(to)], ports: [{ port }] }));
      return new NetworkPolicy({
        metadata: { name, namespace },
        spec: { podSelector: pods(name), policyTypes, ingress, egress: egress.length > 0 ? [dns, ...egress] : [] },
      });
    }),
  ];
  // In development a changed package.json is installed in the running container, from the internet.
  if (development)
    policies.push(
      new NetworkPolicy({
        metadata: { name: "development", namespace },
        spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] },
      }),
    );
  // cert-manager's pods that answer the challenges of Let's Encrypt, through the ingress.
  if (issuer.kind === "acme")
    policies.push(
      new NetworkPolicy({
        metadata: { name: "acme-solver", namespace },
        spec: {
          podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
          policyTypes: ["Ingress"],
          ingress: [{ from: [peer("ingress")], ports: [{ port: 8089 }] }],
        },
      }),
    );
  return policies;
};
