import { condition, keyOf, lastWritten, type Facts, type Live } from "../facts.ts";
import type { Suspicion } from "../suspicion.ts";

// Certificates that are not issued: Certificate → CertificateRequest → Order → Challenge, each made by cert-manager for the
// one before; the last that has something to say is the reason. https://cert-manager.io/docs/troubleshooting/acme/

/** An issuer that is applied together with the certificate is known within a second or two. */
const issuerAppears = 8;
/** Registering at a CA, or reading a CA's Secret that is just being made. */
const issuerGetsReady = 20;
/** A name without an address, and a DNS provider that refuses, are tried again after 10 s: that long for what failed once. */
const secondTry = 20;
/**
 * Nearly every name answers wrongly at first: the ingress controller has not loaded the challenge's path yet. cert-manager asks
 * again after 10 s, wants the right answer five times in 8 s, and only then the CA looks, for some seconds more; all that time the
 * first answer stays in the challenge. One more wrong answer adds another 10 s.
 */
const answerBecomesRight = 60;
/** DNS records spread over minutes. */
const dnsSpreads = 300;
/** cert-manager replaces a request that was made for an earlier version of the certificate within a second or two. */
const asksAnew = 5;

type Found = Pick<Suspicion, "cause" | "reason" | "message" | "finalAfter" | "likely" | "fix" | "commands"> & Partial<Pick<Suspicion, "state" | "field" | "shared" | "edit">>;

/** @returns why a certificate is not issued */
export function certificateSuspicion(certificate: Live, facts: Facts): Suspicion | undefined {
  const request = facts.children(certificate, "CertificateRequest").at(-1);
  const found = reasonOf(certificate, request, facts);
  if (!found) return undefined;
  const outdated = request !== undefined && (request.metadata.creationTimestamp ?? "") < lastWritten(certificate);
  return { object: certificate, field: "spec.issuerRef", ...found, finalAfter: outdated ? Math.max(asksAnew, found.finalAfter) : found.finalAfter };
}

function reasonOf(certificate: Live, request: Live | undefined, facts: Facts): Found | undefined {
  const order = request && facts.children(request, "Order").at(-1);
  const challenges = order ? facts.children(order, "Challenge").filter(({ status }) => status?.state !== "valid" && status?.reason) : [];
  // Of several names the one that is certain first.
  const [challenge] = challenges.map((one) => challengeReason(one, order!)).sort((a, b) => a.finalAfter - b.finalAfter);
  if (challenge) return challenge;
  if (order && /^(invalid|errored|expired)$/.test(order.status?.state ?? ""))
    return {
      ...{ cause: "certificate", reason: order.status.state, message: order.status.reason ?? `order ${order.metadata.name} is ${order.status.state}`, finalAfter: 0 },
      likely: /rateLimited|too many/i.test(order.status.reason ?? "") ? "the CA's rate limit is used up (Let's Encrypt: a handful of equal certificates a week); its staging directory has none to speak of" : "the CA refused the order",
      fix: "mend the reason; cert-manager tries again after an hour at the earliest, sooner with: cmctl renew",
      commands: [`kubectl describe order ${order.metadata.name}`],
    };
  const ready = condition(request, "Ready");
  if (request && ready?.status === "False") return requestReason(certificate, request, ready.reason ?? "", ready.message ?? "", facts);
  const issuing = condition(certificate, "Issuing");
  // It failed earlier and waits; its request may be gone by now.
  if (issuing?.status === "False" && issuing.reason === "Failed") return { cause: "certificate", reason: "Failed", message: issuing.message ?? "", finalAfter: 3, likely: "the last try failed, and cert-manager waits for an hour or more before the next", fix: "mend the reason, then: cmctl renew", commands: [`kubectl describe certificate ${certificate.metadata.name}`] };
  return undefined;
}

function requestReason(certificate: Live, request: Live, reason: string, message: string, facts: Facts): Found | undefined {
  const commands = [`kubectl describe certificaterequest ${request.metadata.name}`];
  const { kind = "Issuer", name } = certificate.spec.issuerRef as { kind?: string; name: string };
  if (reason === "Denied") return { cause: "certificate", reason, message, commands, finalAfter: 0, likely: "a policy of the cluster (approver-policy) denied the request", fix: "ask for what the policy allows" };
  if (reason === "Failed")
    return { cause: "certificate", reason, message, commands, finalAfter: 0, likely: `${kind} ${name} could not sign it`, fix: "mend the reason; cert-manager tries again after an hour at the earliest, sooner with: cmctl renew" };
  if (reason !== "Pending") return undefined;
  const issuer = facts.get(kind, kind === "Issuer" ? certificate.metadata.namespace : undefined, name);
  if (/not found: \S+ "[^"]+" not found/.test(message) && !issuer)
    return { cause: "issuer", reason, message, finalAfter: issuerAppears, shared: `${kind} ${name}`, likely: `there is no ${kind} ${name}${kind === "Issuer" ? ` in namespace ${certificate.metadata.namespace}` : ""}`, fix: `add it, or name one that is there${kind === "Issuer" ? " (a ClusterIssuer needs issuerRef.kind)" : ""}`, commands: ["kubectl get clusterissuers", "kubectl get issuers -A"] };
  if (issuer) return issuerReason(issuer);
  if (/secret/i.test(message)) return { cause: "certificate", reason, message, commands, finalAfter: issuerGetsReady, likely: `${kind} ${name} misses a Secret (ClusterIssuers read Secrets of the namespace cert-manager)`, fix: "put the Secret there" };
  return undefined;
}

/** @returns why an issuer can't sign */
export function issuerSuspicion(issuer: Live): Suspicion | undefined {
  const found = issuerReason(issuer);
  return found && { object: issuer, ...found };
}

function issuerReason(issuer: Live): Found | undefined {
  const ready = condition(issuer, "Ready");
  if (!ready || ready.status === "True") return undefined;
  const { reason = "NotReady", message = "" } = ready;
  const base = { cause: "issuer" as const, reason, message: `${issuer.kind} ${issuer.metadata.name}: ${message}`, shared: keyOf(issuer), edit: issuer, finalAfter: issuerGetsReady, commands: [`kubectl describe ${issuer.kind.toLowerCase()} ${issuer.metadata.name}`] };
  const secret = /secrets? "([^"]+)" not found/.exec(message)?.[1];
  if (secret) return { ...base, likely: `its Secret ${secret} is missing${issuer.kind === "ClusterIssuer" ? " (a ClusterIssuer reads the namespace cert-manager)" : ""}`, fix: "put it there; for the local CA: npm run setup", field: "spec.ca.secretName" };
  if (/no such host|dial tcp|timeout|connection refused|x509/i.test(message)) return { ...base, likely: "cert-manager can't reach the CA's server", fix: "check spec.acme.server and that the cluster may reach it", field: "spec.acme.server" };
  if (/e-?mail|contact/i.test(message)) return { ...base, finalAfter: 5, likely: "the CA does not take this e-mail address", fix: "write an address that can get mail", field: "spec.acme.email" };
  return { ...base, likely: "the issuer can't work as it is", fix: "read the message above" };
}

/** What a challenge waits for. cert-manager writes the address, with its secret-looking token, three times. */
export const challengeWords = ({ spec, status }: Live) =>
  `${spec.dnsName}: ${((status?.reason as string) ?? "").replace(/\/\.well-known\/acme-challenge\/[^'":\s]+/g, "/.well-known/acme-challenge/…").replace(/(self check GET request '[^']+'): Get "[^"]+"/, "$1") || (status?.presented ? "waits for the CA to check" : "is being prepared")}`;

function challengeReason(challenge: Live, order: Live): Found {
  const { dnsName, type } = challenge.spec as { dnsName: string; type: string };
  const { reason = "", state } = challenge.status as { reason?: string; state?: string };
  const message = challengeWords(challenge);
  const base = { cause: "certificate" as const, reason: state === "invalid" ? "invalid" : "ChallengePending", message, state: dnsName, field: "spec.dnsNames", commands: [`kubectl describe challenge ${challenge.metadata.name}`] };
  if (/^(invalid|errored|expired)$/.test(state ?? ""))
    return { ...base, finalAfter: 0, likely: `the CA looked for ${dnsName} and did not find the answer that it gave cert-manager`, fix: `let ${dnsName} point at this cluster's ingress from the internet, port 80 open, and try again: kubectl delete order ${order.metadata.name}` };
  if (type === "DNS-01") return { ...base, finalAfter: /propagat/i.test(reason) ? dnsSpreads : secondTry, likely: `the record _acme-challenge.${dnsName} is not to be seen yet, or can't be written`, fix: "check the DNS provider's credentials in the issuer" };
  const host = /no such host|NXDOMAIN/i.test(reason);
  const wrong = /wrong status code '?(\d+)/.exec(reason)?.[1];
  return {
    ...base,
    finalAfter: host ? secondTry : answerBecomesRight,
    likely: host ? `${dnsName} has no DNS record that this cluster can see` : wrong ? `${dnsName} answers ${wrong}: it points somewhere else, or another Ingress takes the path` : /refused|timeout|deadline|no route/i.test(reason) ? `nobody answers on port 80 of ${dnsName}: a firewall, or no ingress controller there` : `the challenge for ${dnsName} can't be met`,
    fix: host ? `make a DNS record of ${dnsName} that points at the ingress controller` : `let http://${dnsName}/ reach this cluster's ingress controller`,
    commands: [...base.commands, `curl -sv http://${dnsName}/.well-known/acme-challenge/test`],
  };
}
