import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { expect, it } from "vitest";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { prod } from "./environments/prod.ts";
import { manifests } from "./index.ts";
import networkPolicies from "./network-policies.ts";

const egress = manifests(prod).filter((object) => NetworkPolicy.is(object)).flatMap(({ metadata, spec }) => (spec?.egress ?? []).map((rule) => ({ name: metadata!.name, ...rule })));
const dns = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];

it("who connects to others by name reaches the cluster's DNS, also where it answers on the node or beside the metadata server", () => {
  const peers = [
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
    { ipBlock: { cidr: "169.254.20.10/32" } },
    { ipBlock: { cidr: "169.254.169.254/32" } },
  ];
  expect(egress).toContainEqual(expect.objectContaining({ name: "backend", to: expect.arrayContaining(peers), ports: dns }));
});

it("of addresses outside of the cluster's pods nothing but DNS can be reached, such as the metadata server's credentials", () => {
  const outside = egress.filter(({ to }) => !to || to.some(({ ipBlock }) => ipBlock));
  expect(outside.length).toBeGreaterThan(0);
  for (const { ports } of outside) expect(ports).toEqual(dns);
});

it("a host outside of the cluster opens its port for who has its address, everywhere but where clouds keep credentials", () => {
  const containers = [{ name: "shop", env: [{ name: "PAYMENTS_URL", value: "https://api.example.com/v1" }] }];
  const shop = new Deployment({ metadata: { name: "shop" }, spec: { selector: { matchLabels: { app: "shop" } }, template: { metadata: { labels: { app: "shop" } }, spec: { containers } } } });
  const rules = networkPolicies(prod, [shop]).find(({ metadata }) => metadata?.name === "shop")!.spec!.egress!;
  expect(rules).toHaveLength(2);
  expect(rules[0]).toMatchObject({ ports: dns });
  expect(rules[1]).toEqual({ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }, { ipBlock: { cidr: "::/0", except: ["fd00:ec2::254/128"] } }], ports: [{ port: 443 }] });
});
