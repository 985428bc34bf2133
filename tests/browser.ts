import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";
import { has } from "./child.ts";

const candidates = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = candidates.find((path) => path && existsSync(path));

/** Whether a real browser can be given a CA of our own here; tests that need it say so in their titles. */
export const hasBrowser = executablePath !== undefined && has("certutil");

/**
 * A headless Chromium whose user trusts one CA, in a home of its own, so that certificates are verified as a person's
 * browser verifies them.
 * @param authority path of the CA's certificate (PEM)
 */
export async function openBrowser(authority: string): Promise<BrowserContext & AsyncDisposable> {
  const home = mkdtempSync(join(tmpdir(), "browser-"));
  const database = join(home, ".pki/nssdb");
  mkdirSync(database, { recursive: true });
  execFileSync("certutil", ["-d", `sql:${database}`, "-N", "--empty-password"]);
  execFileSync("certutil", ["-d", `sql:${database}`, "-A", "-t", "C,,", "-n", "local", "-i", authority]);
  const context = await chromium.launchPersistentContext(join(home, "profile"), {
    executablePath: executablePath!,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: "", XDG_DATA_HOME: "" } as Record<string, string>,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Without it Chromium hides host candidates behind mDNS names, which a machine without a network can't resolve.
      "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  });
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(home, { recursive: true, force: true });
    },
  });
}
