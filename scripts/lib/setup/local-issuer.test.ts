import { beforeAll, describe, expect, it } from "vitest";
import { dev } from "../../../manifests/environments/dev.ts";
import { fakeCluster, type FakeCluster } from "../../../tests/fake-cluster.ts";
import { issueCertificate, type Authority } from "../ca.ts";
import { ensureLocalIssuer, readyCondition } from "./local-issuer.ts";
import type { KubernetesObject } from "../render.ts";
import { makeAuthorityCertificate, makeKey } from "../x509.ts";

const { signal } = new AbortController();
const makeAuthority = async (): Promise<Authority> => makeKey().then(async (key) => ({ key, certificate: await makeAuthorityCertificate(key) }));
let authority: Authority;
beforeAll(async () => {
  authority = await makeAuthority();
});

const namespaces = ["cert-manager", "dev"].map((name): KubernetesObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
const ready = { conditions: [{ type: "Ready", status: "True" }] };
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Plays cert-manager: an issuer is ready, and each Certificate gets a Secret signed by the given CA. */
function withCertManager(issuing: Authority, objects: KubernetesObject[] = []): FakeCluster {
  const cluster = fakeCluster({ objects: [...namespaces, ...objects] });
  const { apply } = cluster;
  cluster.apply = async (object, options) => {
    const applied = await apply(object, options);
    if (object.kind === "ClusterIssuer") cluster.edit(object, (issuer) => (issuer.status = ready), "cert-manager");
    if (object.kind === "Certificate") {
      const { dnsNames, secretName } = object["spec"] as { dnsNames: string[]; secretName: string };
      const { certificate } = await issueCertificate(issuing, dnsNames, { days: 1 });
      await apply({ apiVersion: "v1", kind: "Secret", metadata: { name: secretName, namespace: "cert-manager", labels: object.metadata.labels }, data: { "tls.crt": base64(certificate) } }, { fieldManager: "cert-manager" });
      cluster.edit(object, (certificate) => (certificate.status = ready), "cert-manager");
    }
    return applied;
  };
  return cluster;
}
const trials = (cluster: FakeCluster) => [...cluster.objects.keys()].filter((key) => key.includes("setup-trial"));

it("hands the CA to cert-manager, sees one certificate issued with it, and leaves none behind", async () => {
  const cluster = withCertManager(authority);
  expect(await ensureLocalIssuer(cluster, dev, authority, signal)).toBe("issues certificates");
  expect(cluster.objects.get("Secret cert-manager/local-ca")).toMatchObject({ type: "kubernetes.io/tls", data: { "tls.crt": base64(authority.certificate), "tls.key": base64(authority.key) } });
  expect(cluster.writes.some((write) => /^apply Certificate cert-manager\/setup-trial-/.test(write))).toBe(true);
  expect(trials(cluster)).toEqual([]);
});

it("issues nothing the second time", async () => {
  const cluster = withCertManager(authority);
  await ensureLocalIssuer(cluster, dev, authority, signal);
  const before = cluster.writes.length;
  expect(await ensureLocalIssuer(cluster, dev, authority, signal)).toBe("already there");
  expect(cluster.writes.slice(before).filter((write) => write.includes("Certificate"))).toEqual([]);
});

it("does not take a certificate of another CA for proof, and cleans up all the same", async () => {
  const cluster = withCertManager(await makeAuthority());
  await expect(ensureLocalIssuer(cluster, dev, authority, signal)).rejects.toThrow("not with the local CA");
  expect(trials(cluster)).toEqual([]);
});

describe("when the CA was replaced", () => {
  const caSecret = ({ certificate }: Authority): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "local-ca", namespace: "cert-manager" }, data: { "tls.crt": base64(certificate) } });
  /** A Certificate in the namespace dev, with the Secret that a CA's leaf is in. */
  const issued = async (name: string, by: Authority, issuerRef = { kind: "ClusterIssuer", name: "local-ca" }): Promise<KubernetesObject[]> => [
    { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name, namespace: "dev" }, spec: { secretName: `${name}-tls`, issuerRef } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: `${name}-tls`, namespace: "dev" }, data: { "tls.crt": base64((await issueCertificate(by, ["dev.localhost"])).certificate) } },
  ];
  const secrets = (cluster: FakeCluster) => [...cluster.objects.keys()].filter((key) => key.startsWith("Secret dev/"));

  it("has its own certificates issued again that the old one signed, for browsers no longer trust them, and no others", async () => {
    const old = await makeAuthority();
    const objects = [
      ...(await issued("web", old)),
      ...(await issued("fresh", authority)),
      ...(await issued("public", old, { kind: "ClusterIssuer", name: "letsencrypt" })),
      ...(await issued("namesake", old, { kind: "Issuer", name: "local-ca" })),
      (await issued("pending", old))[0]!,
    ];
    const cluster = withCertManager(authority, [...objects, caSecret(old)]);
    expect(await ensureLocalIssuer(cluster, dev, authority, signal)).toBe("issues certificates; issued again: dev/web");
    expect(secrets(cluster)).toEqual(["Secret dev/fresh-tls", "Secret dev/public-tls", "Secret dev/namesake-tls"]);
    expect(await ensureLocalIssuer(cluster, dev, authority, signal)).toBe("already there");
  });

  it("completes that after a run which wrote the new CA and came no further", async () => {
    const old = await makeAuthority();
    const cluster = withCertManager(old, [...(await issued("web", old))]);
    expect(await ensureLocalIssuer(cluster, dev, old, signal)).toBe("issues certificates");
    await expect(ensureLocalIssuer(cluster, dev, authority, signal), "cert-manager does not see the new CA yet").rejects.toThrow("not with the local CA");

    const later = withCertManager(authority, [...cluster.objects.values()]);
    const { delete: remove } = later;
    later.delete = async (reference) => {
      if (reference.metadata.name === "web-tls") throw new Error("interrupted");
      return remove(reference);
    };
    await expect(ensureLocalIssuer(later, dev, authority, signal)).rejects.toThrow("interrupted");
    later.delete = remove;
    expect(await ensureLocalIssuer(later, dev, authority, signal)).toBe("issues certificates; issued again: dev/web");
    expect(secrets(later)).toEqual([]);
  });
});

it("gives cert-manager's own reason when it does not issue", async () => {
  const cluster = fakeCluster({ objects: namespaces });
  const { apply } = cluster;
  cluster.apply = async (object, options) => {
    const applied = await apply(object, options);
    if (object.kind === "ClusterIssuer") cluster.edit(object, (issuer) => (issuer.status = { conditions: [{ type: "Ready", status: "False", reason: "ErrInvalidKeyPair", message: "tls: no key" }] }));
    return applied;
  };
  await expect(ensureLocalIssuer(cluster, dev, authority, signal, 0)).rejects.toMatchObject({ message: "ClusterIssuer local-ca is not ready", why: "after 0 s: ErrInvalidKeyPair: tls: no key" });
});

it("waits for an object that cert-manager has not looked at", () => {
  expect(readyCondition(undefined)).toContain("not looked at it yet");
  expect(readyCondition({ apiVersion: "v1", kind: "x", metadata: { name: "x" }, status: ready })).toBeUndefined();
  const observed = (observedGeneration: number) =>
    readyCondition({ apiVersion: "v1", kind: "x", metadata: { name: "x", generation: 2 } as KubernetesObject["metadata"], status: { conditions: [{ type: "Ready", status: "True", observedGeneration }] } });
  expect(observed(1)).toContain("not looked at it yet");
  expect(observed(2)).toBeUndefined();
});
