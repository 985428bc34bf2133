import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ensureAuthority, fingerprint, replaceAuthority } from "../ca.ts";
import { sayReady } from "./report.ts";

const soon = { timeout: 30_000, interval: 20 };
let root: string;
let said: string[];
const marker = () => join(root, ".local/trusted");

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "report-"));
  vi.stubEnv("LOCAL_CA_FOLDER", join(root, "authority"));
  for (const folder of ["scripts", ".local"]) mkdirSync(join(root, folder));
  said = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** @param state what browsers' stores say of the CA */
function becomeReady(state: "trusted" | "not trusted"): void {
  writeFileSync(join(root, "scripts/certs.mts"), `console.log(JSON.stringify({ stores: [{ kind: "nss", name: "Firefox", state: "${state}", replaced: [] }] }));`);
  const bound = { port: 8443, accept() {}, close() {}, disconnect() {} };
  sayReady({ urls: [], seconds: 1, https: bound, http: bound, folder: join(root, ".local"), root });
}
const isWarnedOf = () => vi.waitFor(() => expect(said.join("\n")).toContain("browsers don't trust the certificate yet"), soon);

it("a CA in the place of one that browsers trusted is none that they trust", async () => {
  const { authority } = await ensureAuthority(join(root, "authority"));
  becomeReady("trusted");
  await vi.waitFor(() => expect(readFileSync(marker(), "utf8")).toBe(fingerprint(authority.certificate)), soon);
  await replaceAuthority(join(root, "authority"));
  becomeReady("not trusted");
  await isWarnedOf();
});

it("what browsers are told by `certs.mts untrust` is noticed a day later", async () => {
  const { authority } = await ensureAuthority(join(root, "authority"));
  writeFileSync(marker(), fingerprint(authority.certificate));
  const yesterday = new Date(Date.now() - 90_000_000);
  utimesSync(marker(), yesterday, yesterday);
  becomeReady("not trusted");
  await isWarnedOf();
});
