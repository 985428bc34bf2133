import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorityFolder, ensureAuthority, issueCertificate, stillServes } from "../ca.ts";
import type { Certificate } from "./front-door.ts";

interface Kept extends Certificate {
  readonly hosts: readonly string[];
}

/**
 * @param hosts exactly these
 * @param folder where it is kept: making one takes a quarter of a second
 * @returns the front door's certificate; the CA is made when there is none
 * @throws UserError for a CA that can't be used and hosts that it may not vouch for
 */
export async function certificateFor(hosts: readonly string[], folder: string): Promise<Certificate> {
  const { authority } = await ensureAuthority(authorityFolder());
  const file = join(folder, "certificate.json");
  const kept = read(file);
  if (kept && String(kept.hosts) === String(hosts) && stillServes(authority, kept.certificate, hosts)) return kept;
  const issued = await issueCertificate(authority, hosts);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ hosts, ...issued } satisfies Kept), { mode: 0o600 });
  return issued;
}

function read(file: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Kept;
  } catch {
    return undefined;
  }
}
