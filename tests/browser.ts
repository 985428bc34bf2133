import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";
import { expect } from "vitest";
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
  context.setDefaultTimeout(90_000);
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(home, { recursive: true, force: true });
    },
  });
}

/** The page's whole path: tRPC to make a room, WebSocket to find each other, WebRTC to talk. */
export async function expectTwoTabsToTalk(browser: BrowserContext, address: string): Promise<void> {
  const first = await browser.newPage();
  await first.goto(address);
  await first.getByTestId("room-name").fill("Two tabs");
  await first.getByTestId("create-room").click();
  await first.getByTestId("message-list").waitFor();

  const second = await browser.newPage();
  await second.goto(first.url());
  for (const tab of [first, second]) await tab.locator('[data-testid="connection-state"][data-state="connected"]').waitFor();
  await first.getByTestId("message-input").fill("Hello from the first tab");
  await first.getByTestId("send-message").click();
  const message = second.getByTestId("message").filter({ hasText: "Hello from the first tab" });
  await message.waitFor();
  expect(await message.count()).toBe(1);
  await Promise.all([first.close(), second.close()]);
}
