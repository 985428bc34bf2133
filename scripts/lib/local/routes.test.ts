import { describe, expect, it } from "vitest";
import type { Address } from "./addresses.ts";
import { findRoute, routesOf } from "./routes.ts";

const addresses: Address[] = ["page", "api", "exact"].map((service, index) => ({
  service,
  namespace: "local",
  ports: new Map([[80, { process: service, port: 21000 + index }]]),
  names: new Map([["http", 80]]),
}));
type Path = [path: string, type: "Prefix" | "Exact" | "ImplementationSpecific", service: string];
const rule = (host: string | undefined, ...paths: Path[]) => ({
  host,
  http: { paths: paths.map(([path, pathType, service]) => ({ path, pathType, backend: { service: { name: service, port: { name: "http" } } } })) },
});
const ingress = (rules: ReturnType<typeof rule>[], tls: string[] = [], annotations?: Record<string, string>) => ({
  object: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace: "local", annotations } },
  spec: { rules, ...(tls.length > 0 && { tls: [{ hosts: tls, secretName: "tls" }] }) },
});
const routing = (...given: ReturnType<typeof ingress>[]) => routesOf({ ingresses: given }, addresses);

describe("which process a request reaches", () => {
  const { routes } = routing(
    ingress([
      rule("dev.localhost", ["/", "Prefix", "page"], ["/api", "Prefix", "api"], ["/api/exact", "Exact", "exact"]),
      rule("*.dev.localhost", ["/", "Prefix", "api"]),
      rule("one.dev.localhost", ["/only", "Prefix", "exact"]),
    ]),
  );
  it.each([
    ["dev.localhost", "/", "page"],
    ["dev.localhost:8443", "/x?y=/api", "page"],
    ["DEV.localhost", "/", "page"],
    ["dev.localhost", "/api", "api"],
    ["dev.localhost", "/api/", "api"],
    ["dev.localhost", "/api?x", "api"],
    ["dev.localhost", "/api/deep/er", "api"],
    ["dev.localhost", "/apisix", "page"],
    ["dev.localhost", "/api/exact", "exact"],
    ["dev.localhost", "/api/exact/", "api"],
    ["two.dev.localhost", "/", "api"],
    ["one.dev.localhost", "/only", "exact"],
    ["one.dev.localhost", "/", undefined],
    ["a.two.dev.localhost", "/", undefined],
    ["localhost", "/", undefined],
    ["127.0.0.1", "/", undefined],
    [undefined, "/", undefined],
  ])("%s%s: %s", (host, url, expected) => expect(findRoute(routes, host, url)?.process).toBe(expected));

  it("a rule without host takes what no other host has", () => {
    const { routes } = routing(ingress([rule(undefined, ["/", "Prefix", "page"]), rule("api.localhost", ["/", "Prefix", "api"])]));
    expect(findRoute(routes, "anything", "/")?.process).toBe("page");
    expect(findRoute(routes, "api.localhost", "/")?.process).toBe("api");
  });
});

describe("what an Ingress says beside its rules", () => {
  it("browsers are sent to HTTPS where there is TLS, unless an annotation says otherwise", () => {
    const redirects = (annotations?: Record<string, string>, tls = ["a.localhost"]) => routing(ingress([rule("a.localhost", ["/", "Prefix", "page"])], tls, annotations)).routes[0]!.redirect;
    expect(redirects()).toBe(true);
    expect(redirects({}, [])).toBe(false);
    expect(redirects({ "nginx.ingress.kubernetes.io/ssl-redirect": "false" })).toBe(false);
    expect(redirects({ "nginx.ingress.kubernetes.io/force-ssl-redirect": "true" }, [])).toBe(true);
  });

  it("names annotations that change what is answered and are not honoured here", () => {
    const { notices } = routing(ingress([], [], { "nginx.ingress.kubernetes.io/rewrite-target": "/", "nginx.ingress.kubernetes.io/proxy-read-timeout": "60" }));
    expect(notices).toEqual(["annotation nginx.ingress.kubernetes.io/rewrite-target"]);
  });

  it("the certificate is for the hosts of tls and no others", () =>
    expect(routing(ingress([rule("plain.localhost", ["/", "Prefix", "page"])], ["A.localhost", "b.localhost"])).tlsHosts).toEqual(["a.localhost", "b.localhost"]));
});
