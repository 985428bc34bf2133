import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UserError } from "../errors.ts";
import { certificateFor } from "./certificate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "certificate-"));
  vi.stubEnv("LOCAL_CA_FOLDER", join(folder, "ca"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("the first start makes the CA and a certificate for exactly the hosts; the next ones use it, until the hosts differ", async () => {
  const first = await certificateFor(["dev.localhost", "api.dev.localhost"], folder);
  const issued = new X509Certificate(first.certificate);
  expect(issued.subjectAltName).toBe("DNS:dev.localhost, DNS:api.dev.localhost");
  expect(issued.verify(new X509Certificate(readFileSync(join(folder, "ca/ca.pem"))).publicKey)).toBe(true);
  expect(await certificateFor(["dev.localhost", "api.dev.localhost"], folder)).toMatchObject(first);
  if (process.platform !== "win32") expect(statSync(join(folder, "certificate.json")).mode & 0o077).toBe(0);
  const other = await certificateFor(["dev.localhost"], folder);
  expect(new X509Certificate(other.certificate).subjectAltName).toBe("DNS:dev.localhost");
});

it("one of another CA is not used: a new one is made", async () => {
  const first = await certificateFor(["dev.localhost"], folder);
  rmSync(join(folder, "ca"), { recursive: true });
  expect((await certificateFor(["dev.localhost"], folder)).certificate).not.toBe(first.certificate);
});

it("a host that the CA may not vouch for is refused, with what to type", async () => {
  const refused = certificateFor(["dev.localhost", "example.com"], folder);
  await expect(refused).rejects.toBeInstanceOf(UserError);
  await expect(refused).rejects.toMatchObject({ message: "the local CA may not vouch for example.com", next: expect.stringContaining(".localhost") as string });
});
