import { randomBytes } from "node:crypto";
import { clusterIssuer } from "../../../manifests/certificates.ts";
import { hosts, type Environment, type LocalIssuer } from "../../../manifests/environment.ts";
import { fingerprint, stillServes, type Authority } from "../ca.ts";
import type { Cluster } from "../cluster.ts";
import { project } from "./cluster-settings.ts";
import { UserError } from "../errors.ts";
import { plain, type KubernetesObject } from "../render.ts";
import { until } from "../waiting.ts";

/** Where cert-manager looks for the Secrets of ClusterIssuers. */
const namespace = "cert-manager";
/** On the ClusterIssuer: the CA that it was seen to issue with. */
const issuedAnnotation = `${project}/issued-with`;
const fieldManager = "setup";
const certificates = { apiVersion: "cert-manager.io/v1", kind: "Certificate" };

/** A Certificate that nobody uses. */
export const trial = (environment: Environment, name: string): KubernetesObject => ({
  ...certificates,
  metadata: { name, namespace, labels: { [`${project}/trial`]: "true" } },
  spec: {
    secretName: name,
    dnsNames: [hosts(environment).page],
    duration: "1h",
    renewBefore: "10m",
    privateKey: { algorithm: "ECDSA", size: 256 },
    issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: environment.issuer.name },
    secretTemplate: { labels: { [`${project}/trial`]: "true" } },
  },
});

/** Asks cert-manager's webhook without leaving anything. It refuses connections for a while after its Deployment is Available. */
export const acceptsCertificates = (cluster: Cluster, environment: Environment) => cluster.apply(trial(environment, "setup-trial"), { fieldManager, dryRun: true });

/**
 * Hands the local CA to cert-manager and sees that it issues: a certificate for the page's host, removed again. Then
 * certificates of other CAs are issued again. What was seen once is not tried again until the CA is another.
 * @returns what it did
 * @throws UserError with cert-manager's own reason
 */
export async function ensureLocalIssuer(
  cluster: Cluster,
  environment: Environment,
  authority: Authority,
  signal: AbortSignal,
  timeoutMs = 120_000,
): Promise<string> {
  const issuer = plain(clusterIssuer(environment));
  const known = fingerprint(authority.certificate).replaceAll(":", "").toLowerCase();
  const before = await cluster.get(issuer);
  const secret = caSecret((environment.issuer as LocalIssuer).secretName, authority);
  const secretBefore = await cluster.get(secret);
  await cluster.apply(secret, { fieldManager, force: true });
  await cluster.apply(issuer, { fieldManager, force: true });
  await until(`ClusterIssuer ${issuer.metadata.name}`, async () => readyCondition(await cluster.get(issuer)), { signal, timeoutMs });
  const same = secretBefore && dataOf(secretBefore, "tls.crt") === authority.certificate;
  if (same && before?.metadata.annotations?.[issuedAnnotation] === known) return "already there";

  await issueOne(cluster, environment, authority, { signal, timeoutMs });
  const renewed = await renew(cluster, environment, authority);
  // Last: a run that was interrupted before begins here again.
  const annotations = { [issuedAnnotation]: known };
  await cluster.apply({ ...reference(issuer), metadata: { ...issuer.metadata, annotations } }, { fieldManager: "setup-state", force: true });
  return renewed.length === 0 ? "issues certificates" : `issues certificates; issued again: ${renewed.join(", ")}`;
}

const reference = ({ apiVersion, kind }: KubernetesObject) => ({ apiVersion, kind });

/** Through the API on a private socket, so that the key is in no argument list and no file. */
const caSecret = (name: string, { certificate, key }: Authority): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  type: "kubernetes.io/tls",
  data: { "tls.crt": base64(certificate), "tls.key": base64(key) },
});

const base64 = (text: string) => Buffer.from(text).toString("base64");
const dataOf = (secret: KubernetesObject, key: string) => Buffer.from((secret["data"] as Record<string, string> | undefined)?.[key] ?? "", "base64").toString();

async function issueOne(cluster: Cluster, environment: Environment, authority: Authority, options: { signal: AbortSignal; timeoutMs: number }): Promise<void> {
  await removeTrials(cluster);
  const certificate = trial(environment, `setup-trial-${randomBytes(4).toString("hex")}`);
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: certificate.metadata.name, namespace } };
  try {
    await cluster.apply(certificate, { fieldManager });
    await until("a first certificate", async () => readyCondition(await cluster.get(certificate)), options);
    const issued = await cluster.get(secret);
    // Issued moments ago: good for less than a day, which is enough here.
    if (!issued || !stillServes(authority, dataOf(issued, "tls.crt"), [hosts(environment).page], 0))
      throw new UserError("cert-manager issued a certificate, but not with the local CA", {
        why: `the ClusterIssuer ${environment.issuer.name} reads another Secret, or has not seen the new one yet`,
        next: "npx zx scripts/setup.mts   tries again",
      });
  } finally {
    await removeTrials(cluster).catch(() => {});
  }
}

/** This run's and those that an interrupted one left. cert-manager leaves the Secret of a Certificate that is deleted. */
async function removeTrials(cluster: Cluster): Promise<void> {
  for (const kind of [certificates, { apiVersion: "v1", kind: "Secret" }]) {
    const { items } = await cluster.list(kind, { namespace, labelSelector: `${project}/trial` });
    await Promise.all(items.map((item) => cluster.delete(item)));
  }
}

/**
 * Certificates of a CA that was replaced are valid for weeks, and trusted by nobody: without their Secret they are issued anew.
 * @returns which ones
 */
async function renew(cluster: Cluster, environment: Environment, authority: Authority): Promise<string[]> {
  const { items } = await cluster.list(certificates);
  const renewed: string[] = [];
  for (const { metadata, spec } of items) {
    const { secretName, issuerRef } = spec as { secretName: string; issuerRef: { kind?: string; name: string } };
    if (issuerRef.kind !== "ClusterIssuer" || issuerRef.name !== environment.issuer.name) continue;
    const secret = await cluster.get({ apiVersion: "v1", kind: "Secret", metadata: { name: secretName, namespace: metadata.namespace } });
    if (!secret || stillServes(authority, dataOf(secret, "tls.crt"), [], 0)) continue;
    await cluster.delete(secret);
    renewed.push(`${metadata.namespace}/${metadata.name}`);
  }
  return renewed;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

/** @returns nothing when an object of cert-manager is ready for what its spec says now, else its own reason */
export function readyCondition(object: KubernetesObject | undefined): string | undefined {
  const { conditions = [] } = (object?.["status"] ?? {}) as { conditions?: Condition[] };
  const ready = conditions.find(({ type }) => type === "Ready");
  const { generation } = (object?.metadata ?? {}) as { generation?: number };
  const outdated = generation !== undefined && ready?.observedGeneration !== undefined && ready.observedGeneration !== generation;
  if (!ready || outdated) return "cert-manager has not looked at it yet";
  return ready.status === "True" ? undefined : `${ready.reason}: ${ready.message}`;
}
