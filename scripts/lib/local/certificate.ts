import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorityFolder, readAuthority, stillServes } from "../ca.ts";
import { UserError } from "../errors.ts";
import { runChild } from "./child.ts";
import type { Certificate } from "./front-door.ts";

interface Kept extends Certificate {
  readonly hosts: readonly string[];
}

/** What certificate-child.mts answers. */
export type Issued = Certificate | { readonly refused: { readonly message: string; readonly why?: string; readonly next?: string } };

/**
 * @param hosts exactly these
 * @param folder where it is kept: making one takes half a second, and 10 MB that the runner need not hold
 * @returns the front door's certificate; the CA is made when there is none
 * @throws UserError for a CA that can't be used and hosts that it may not vouch for
 */
export async function certificateFor(hosts: readonly string[], folder: string): Promise<Certificate> {
  const authority = readAuthority(authorityFolder());
  const file = join(folder, "certificate.json");
  const kept = read(file);
  if (kept && authority && String(kept.hosts) === String(hosts) && stillServes(authority, kept.certificate, hosts)) return kept;
  const issued = await issue(hosts);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ hosts, ...issued } satisfies Kept), { mode: 0o600 });
  return issued;
}

async function issue(hosts: readonly string[]): Promise<Certificate> {
  const { code, result, errors } = await runChild("certificate-child.mts", hosts);
  if (code !== 0) throw new Error(`no certificate could be made: ${errors}`);
  const issued = JSON.parse(result) as Issued;
  if ("refused" in issued) throw new UserError(issued.refused.message, issued.refused);
  return issued;
}

function read(file: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Kept;
  } catch {
    return undefined;
  }
}
