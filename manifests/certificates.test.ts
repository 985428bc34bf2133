import { expect, it } from "vitest";
import { clusterIssuer } from "./certificates.ts";
import type { AcmeIssuer } from "./environment.ts";
import { dev } from "./environments/dev.ts";
import { prod } from "./environments/prod.ts";
import { staging } from "./environments/staging.ts";

const acme = prod.issuer as AcmeIssuer;
const spec = (issuer: AcmeIssuer) => JSON.parse(JSON.stringify(clusterIssuer({ ...prod, issuer }))).spec.acme;

it("users get certificates of Let's Encrypt, staging those of its staging directory, and nobody else any of theirs", () => {
  expect(spec(acme)).toMatchObject({ server: "https://acme-v02.api.letsencrypt.org/directory", solvers: [{ http01: { ingress: { ingressClassName: "nginx" } } }] });
  expect(spec(staging.issuer as AcmeIssuer).server).toBe("https://acme-staging-v02.api.letsencrypt.org/directory");
  expect(clusterIssuer(dev).spec).toMatchObject({ ca: { secretName: "local-ca" } });
});

it("DNS-01 is one line, and takes the place of HTTP-01", () => {
  const dns01 = { route53: { region: "eu-central-1" } };
  const issuer = clusterIssuer({ ...prod, issuer: { ...acme, dns01 } });
  issuer.validate();
  expect(spec({ ...acme, dns01 }).solvers).toEqual([{ dns01 }]);
});

it("a company's own directory is trusted by its bundle", () => {
  expect(spec({ ...acme, caBundle: "Q0E=" }).caBundle).toBe("Q0E=");
  expect("caBundle" in spec(acme)).toBe(false);
});
