import { writeSync } from "node:fs";
import { authorityFolder, ensureAuthority, issueCertificate } from "../ca.ts";
import { UserError } from "../errors.ts";
import type { Issued } from "./certificate.ts";

// Issues the front door's certificate; the hosts are its arguments.

let issued: Issued;
try {
  const { authority } = await ensureAuthority(authorityFolder());
  issued = await issueCertificate(authority, process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  const { message, why, next } = error;
  issued = { refused: { message, why, next } };
}
writeSync(3, JSON.stringify(issued));
