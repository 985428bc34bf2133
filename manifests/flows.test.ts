import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import type { IContainer } from "kubernetes-models/v1/Container";
import { describe, expect, it } from "vitest";
import { flowsBetween, outsidePortsOf } from "./flows.ts";

const workload = (name: string, container: Partial<IContainer> = {}) =>
  new Deployment({
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ports: [{ name: "main", containerPort: 3000 }], ...container }] } },
    },
  });
const service = (name: string, port = 80) =>
  new Service({ metadata: { name }, spec: { selector: { app: name }, ports: [{ name: "http", port, targetPort: "main" }] } });
const flows = (...parameters: Parameters<typeof flowsBetween>) =>
  flowsBetween(...parameters).map(({ from, to, port }) => `${from === "ingress" ? from : from.metadata!.name} → ${to.metadata!.name}:${port}`);

describe("who connects to whom", () => {
  const database = workload("database");

  it.each([
    "redis://database:80",
    "redis://user:word@database:80/0",
    "http://database.shop.svc.cluster.local:80/path",
    "one:1,database:80",
  ])("an address in an env value is a flow to the pods' own port: %s", (value) => {
    expect(flows([workload("web", { env: [{ name: "URL", value }] }), database], [service("database")], [], [])).toEqual(["web → database:3000"]);
  });

  it.each(["database", "redis://database:8080", "redis://other-database:80", "redis://database:800"])("what is no address of the Service is none: %s", (value) => {
    expect(flows([workload("web", { env: [{ name: "URL", value }] }), database], [service("database")], [], [])).toEqual([]);
  });

  it("addresses in ConfigMaps count for who reads them, and for nobody else", () => {
    const settings = new ConfigMap({ metadata: { name: "settings" }, data: { URL: "redis://database:80" } });
    const reader = workload("reader", { envFrom: [{ configMapRef: { name: "settings" } }] });
    expect(flows([reader, workload("stranger"), database], [service("database")], [settings], [])).toEqual(["reader → database:3000"]);
  });

  it("an Ingress is a flow from the ingress controller", () => {
    const paths = [{ path: "/", pathType: "Prefix" as const, backend: { service: { name: "web", port: { name: "http" } } } }];
    const ingress = new Ingress({ metadata: { name: "web" }, spec: { rules: [{ host: "example.com", http: { paths } }] } });
    expect(flows([workload("web")], [service("web")], [], [ingress])).toEqual(["ingress → web:3000"]);
  });
});

describe("what is outside of the cluster", () => {
  const ingress = new Ingress({ metadata: { name: "web" }, spec: { rules: [{ host: "shop.example.com" }] } });
  const ports = (value: string) => outsidePortsOf(workload("web", { env: [{ name: "URL", value }] }), [service("database")], [], [ingress]);

  it.each([
    ["https://api.stripe.com/v1", [443]],
    ["postgres://user:word@db.example.com/shop", [5432]],
    ["http://10.1.2.3:8080, https://api.stripe.com", [443, 8080]],
    ["custom://host.example.com", []],
  ])("is opened at the port of an address: %s", (value, expected) => {
    expect(ports(value)).toEqual(expected);
  });

  it.each(["https://shop.example.com", "redis://database.shop.svc.cluster.local:80", "http://database.shop:80", "https://dev.localhost:8443", "http://127.0.0.1:9", "redis://database:80", "see https"])("is not %s", (value) => {
    expect(ports(value)).toEqual([]);
  });
});
