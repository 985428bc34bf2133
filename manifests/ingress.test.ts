import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { expect, it } from "vitest";
import { defaultLimits } from "../signaling/src/server.ts";
import { hosts, type Environment } from "./environment.ts";
import { dev } from "./environments/dev.ts";
import { prod } from "./environments/prod.ts";
import { manifests } from "./index.ts";

/** What leads to a service: its host, by an Ingress of its own. */
function leadingTo(service: string, environment: Environment) {
  const found = manifests(environment).filter((object) => Ingress.is(object)).filter(({ spec }) => JSON.stringify(spec).includes(`"name":"${service}"`));
  expect(found).toHaveLength(1);
  const { metadata, spec } = found[0]!;
  return { hosts: spec!.rules!.map(({ host }) => host), annotations: Object.keys(metadata!.annotations ?? {}).map((name) => name.replace("nginx.ingress.kubernetes.io/", "")), all: metadata!.annotations };
}

it("the page and the files that it names come from one pod, and what the backend is asked from any", () => {
  const page = leadingTo("landing-page", prod);
  expect(page.hosts).toEqual([hosts(prod).page]);
  expect(page.all).toMatchObject({ "nginx.ingress.kubernetes.io/affinity": "cookie", "nginx.ingress.kubernetes.io/session-cookie-change-on-failure": "true" });
  const backend = leadingTo("backend", prod);
  expect(backend.hosts).toEqual([hosts(prod).backend]);
  expect(backend.annotations).toEqual(["force-ssl-redirect"]);
});

it("a WebSocket on which nobody speaks is not silent for as long as ingress-nginx lets one be, 60 s", () => {
  expect(defaultLimits.pingEveryMs).toBeLessThan(30_000);
});

it("where one develops nothing is asked of the ingress that npm start would not do", () => {
  for (const service of ["landing-page", "backend"]) expect(leadingTo(service, dev).annotations).toEqual(["force-ssl-redirect"]);
});
