// What makes and signs certificates. Importing it costs some 150 ms, so it is imported only where one is made;
// reading, checking and comparing is node:crypto's business (ca.ts).
import "reflect-metadata"; // @peculiar/x509 throws without it, and must find it loaded
import { createHash, createPrivateKey, createPublicKey, randomBytes, webcrypto, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { hostname, userInfo } from "node:os";
import { domainToASCII } from "node:url";
import { AsnConvert } from "@peculiar/asn1-schema";
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints, id_ce_nameConstraints } from "@peculiar/asn1-x509";
import * as x509 from "@peculiar/x509";
import { UserError } from "./errors.ts";

const organization = "typescript-kubernetes-starter";
const curve = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };
const day = 86_400_000;

/** A CA's certificate and its private key (EC P-256, PKCS#8), both PEM. The key goes nowhere but to files of mode 0600 and to the cluster's Secret. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

/**
 * All that this CA may speak for, whoever gets hold of its key: localhost, every name under it, and the loopback
 * addresses. https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10
 */
const permitted = [
  new GeneralName({ dNSName: "localhost" }),
  new GeneralName({ iPAddress: "127.0.0.0/8" }),
  new GeneralName({ iPAddress: "::1/128" }),
];

/**
 * Five years: about as long as a computer is used. Shorter would only ask every browser again, for the names that
 * it is limited to never leave the machine.
 */
const authorityDays = 5 * 365;

/** A virtual machine's clock may be behind its host's, and a certificate from the future is refused. */
const backdate = 3_600_000;

/** @returns a new private key, PEM, PKCS#8 */
export async function makeKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  return pem("PRIVATE KEY", der);
}

/** @returns the CA's certificate for a key: PEM, signed by itself */
export async function makeAuthorityCertificate(key: string, now = new Date()): Promise<string> {
  const keys = await keyPair(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: signing,
    serialNumber: serialNumber(),
    name: name({ O: organization, CN: authorityName(createPrivateKey(key)) }),
    notBefore: new Date(now.getTime() - backdate),
    notAfter: new Date(now.getTime() + authorityDays * day),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      // Name constraints say nothing of code or mail, which the systems' stores trust a root for as well.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.Extension(id_ce_nameConstraints, true, AsnConvert.serialize(permittedOnly())),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString("pem") + "\n";
}

/**
 * @param hosts names and addresses that the certificate is for, no others
 * @throws UserError for hosts that are none, or that the CA may not speak for: clients would refuse the certificate
 */
export async function signCertificate(authority: Authority, hosts: readonly string[], days: number, now: Date) {
  const issuer = new x509.X509Certificate(authority.certificate);
  const names = [...new Set(hosts.map(toAscii))];
  refuseOthers(names, permittedNames(authority));
  const key = await makeKey();
  const [own, ca] = await Promise.all([keyPair(key), keyPair(authority.key)]);
  const certificate = await x509.X509CertificateGenerator.create({
    publicKey: own.publicKey,
    signingKey: ca.privateKey,
    signingAlgorithm: signing,
    serialNumber: serialNumber(),
    issuer: issuer.subjectName,
    // No common name: clients look at the names below only, and OpenSSL would hold an address in it to be a host.
    subject: name({ O: organization, OU: "development certificate" }),
    notBefore: new Date(Math.max(now.getTime() - backdate, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(now.getTime() - backdate + days * day, issuer.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem") + "\n", key };
}

/** @returns what a CA is limited to, as DNS names and address ranges; undefined when it is not limited */
export function permittedNames({ certificate }: Pick<Authority, "certificate">): string[] | undefined {
  const extension = new x509.X509Certificate(certificate).getExtension(id_ce_nameConstraints);
  const subtrees = extension && AsnConvert.parse(extension.value, NameConstraints).permittedSubtrees;
  return subtrees ? Array.from(subtrees, ({ base }) => base.dNSName ?? base.iPAddress ?? JSON.stringify(base)) : undefined;
}

const permittedOnly = () =>
  new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted.map((base) => new GeneralSubtree({ base }))) });

function refuseOthers(hosts: string[], limits: string[] | undefined): void {
  if (hosts.length === 0) throw new UserError("a certificate needs a host");
  const refused = limits ? hosts.filter((host) => !limits.some((limit) => covers(limit, host))) : [];
  if (refused.length === 0) return;
  throw new UserError(`the local CA may not vouch for ${refused.join(", ")}`, {
    why: `it is limited to ${limits!.join(", ")}, so that its key is worth nothing to a thief`,
    next: "use a name that ends in .localhost: every browser finds those on this machine",
  });
}

function covers(limit: string, host: string): boolean {
  if (!isIP(host)) return host === limit || host.endsWith(`.${limit.replace(/^\./, "")}`);
  // The two ranges above; a CA of other make is left to say no by itself.
  return limit === "127.0.0.0/8" ? /^127\./.test(host) : limit === "::1/128" ? host === "::1" : limit.includes("/");
}

function toAscii(host: string): string {
  const ascii = isIP(host) ? host : domainToASCII(host.replace(/^\*\./, "wildcard-"));
  const found = host.startsWith("*.") ? ascii.replace(/^wildcard-/, "*.") : ascii;
  if (isIP(found) || /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(found)) return found;
  throw new UserError(`${JSON.stringify(host)} is no host name`);
}

/**
 * Whose CA this is, as it stands in lists of a browser or keychain: `Local CA of ada@laptop (3f2a9c1e)`. The number is
 * the key's: two CAs of one name and different keys confuse clients that look issuers up by name.
 */
function authorityName(key: KeyObject): string {
  const id = createHash("sha256").update(createPublicKey(key).export({ type: "spki", format: "der" })).digest("hex").slice(0, 8);
  // X.520 allows 64 characters, the words around take 25.
  return `Local CA of ${[...`${userName()}@${hostname()}`].slice(0, 39).join("")} (${id})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USER"] || "someone"; // a container's user that no account belongs to
  }
}

const name = (fields: Record<string, string>) => new x509.Name(Object.entries(fields).map(([id, utf8String]) => ({ [id]: [{ utf8String }] })));

/** Sixteen random bytes, positive and without leading zeros (RFC 5280 allows twenty). */
const serialNumber = () => ((bytes) => ((bytes[0] = (bytes[0]! & 0x3f) | 0x40), bytes.toString("hex")))(randomBytes(16));

async function keyPair(key: string): Promise<webcrypto.CryptoKeyPair> {
  const secret = createPrivateKey(key);
  const pkcs8 = secret.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(secret).export({ type: "spki", format: "der" });
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey("pkcs8", pkcs8, curve, false, ["sign"]),
    webcrypto.subtle.importKey("spki", spki, curve, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

const pem = (label: string, der: Buffer) =>
  `-----BEGIN ${label}-----\n${der.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
