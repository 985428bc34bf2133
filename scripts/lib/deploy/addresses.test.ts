import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureAuthority, issueCertificate } from "../ca.ts";
import { missing } from "./addresses.ts";

const folder = mkdtempSync(join(tmpdir(), "addresses-"));
const statuses: number[] = [];
const server = createServer((_request, response) => response.writeHead(statuses.shift() ?? 200).end());
let address: string;
let ca: string;

beforeAll(async () => {
  const { authority } = await ensureAuthority(folder);
  const { certificate, key } = await issueCertificate(authority, ["dev.localhost"]);
  server.setSecureContext({ cert: certificate, key });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `https://dev.localhost:${(server.address() as AddressInfo).port}`;
  ca = authority.certificate;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

it.each([200, 302, 404, 500])("what the application answers is an answer: %i", async (status) => {
  statuses.push(status);
  expect(await missing(address, [ca])).toBeUndefined();
});

it("the ingress controller's 503 is none: a printed address would show it", async () => {
  statuses.push(503);
  expect(await missing(address, [ca])).toBe("it answers 503");
});

it("a certificate of somebody else is none: the controller's own, before it has heard of the host", async () => {
  expect(await missing(address)).toMatch(/certificate/);
});

it("says why nobody answers", async () => {
  expect(await missing("https://dev.localhost:1", [ca])).toMatch(/ECONNREFUSED/);
});
