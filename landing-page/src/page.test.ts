import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { pino } from "pino";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startBackend, type Backend } from "../../backend-trpc/src/server.ts";
import { createMemoryStore } from "../../backend-trpc/src/memory-store.ts";
import { freePort } from "../../backend-trpc/fixtures/valkey.ts";
import { defaultLimits, startSignaling, type Signaling } from "../../signaling/src/server.ts";
import { startPageServer, type PageServer } from "./server/server.ts";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const folder = fileURLToPath(new URL("..", import.meta.url));
const log = pino({ level: "silent" });
const host = "127.0.0.1";

// What these tests can't see: TLS, the ingress, and the images. Those are the end-to-end tests' part.
describe.skipIf(!executablePath)("the page in a browser (needs Chromium)", () => {
  let browser: Browser;
  let signaling: Signaling;
  let backend: Backend;
  let server: PageServer;
  let home: string;
  let url: string;
  const complaints: string[] = [];

  const serveSignaling = (port = 0) => startSignaling({ port, host }, log, defaultLimits);
  const rooms = createMemoryStore({ ttlMs: 60_000 });
  const serveBackend = (port: number, pagePort: number, signalingPort: number) =>
    startBackend(
      { port, host, allowedOrigins: [`http://localhost:${pagePort}`], roomTtlMs: 60_000, signalingUrl: `ws://${host}:${signalingPort}` },
      log,
      rooms,
    );

  const servePage = (port: number, backendPort: number) =>
    startPageServer({ port, host, backendUrl: `http://localhost:${backendPort}`, iceServers: [] }, log, join(home, "public"));

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "page-"));
    await build({ root: folder, logLevel: "error", build: { outDir: join(home, "public") } });
    const [pagePort, backendPort] = [await freePort(), await freePort()];
    signaling = await serveSignaling();
    backend = await serveBackend(backendPort, pagePort, signaling.port);
    server = await servePage(pagePort, backendPort);
    url = `http://localhost:${pagePort}/`;
    browser = await chromium.launch({
      executablePath,
      // Chromium hides host candidates behind names that a machine without a network can't resolve.
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-features=WebRtcHideLocalIpsWithMdns"],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), backend?.stop(), signaling?.stop()]);
    if (home) rmSync(home, { recursive: true });
  });

  async function open(address = url, watch = true): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(90_000);
    if (watch) {
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      page.on("request", (request) => new URL(request.url()).hostname === "localhost" || complaints.push(`asked ${request.url()}`));
    }
    await page.goto(address);
    return page;
  }

  const connected = (page: Page) => page.locator('[data-testid="connection-state"][data-state="connected"]').waitFor();
  const say = async (from: Page, to: Page, text: string) => {
    await from.getByTestId("message-input").fill(text);
    await from.getByTestId("message-input").press("Enter");
    await to.locator('[data-testid="message"][data-kind="theirs"]', { hasText: text }).waitFor();
  };

  it("makes a room, lists it, and lets three browsers talk in it, asking nobody else and without a complaint", async () => {
    const first = await open();
    await first.locator('[data-testid="service-signaling"][data-state="up"]').waitFor();
    await first.getByTestId("room-name").fill("Stand-up");
    await first.getByTestId("create-room").click();
    await first.getByTestId("room-title").filter({ hasText: "Stand-up" }).waitFor();
    await first.locator('[data-state="alone"]').waitFor();

    const second = await open();
    await second.getByTestId("room-link").filter({ hasText: "Stand-up" }).click();
    await Promise.all([connected(first), connected(second)]);
    await say(first, second, "Hello <b>there</b>");
    await say(second, first, "Hello back");

    const third = await open(second.url());
    for (const page of [first, second, third]) await page.getByTestId("peer-count").filter({ hasText: /^2$/ }).waitFor();
    await say(third, first, "Me too");

    await second.getByTestId("leave-room").click();
    await second.getByTestId("room-list").waitFor();
    await first.getByTestId("peer-count").filter({ hasText: /^1$/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("says that a room is gone", async () => {
    // The browser itself reports the 404 as an error.
    const page = await open(`${url}?room=gone`, false);
    await page.getByTestId("room-closed").waitFor();
  });

  it("goes on talking while signaling is away, and lets others in when it is back, without a reload", async () => {
    const first = await open(url, false);
    await first.getByTestId("room-name").fill("Storm");
    await first.getByTestId("create-room").click();
    await first.locator('[data-state="alone"]').waitFor();
    const second = await open(first.url(), false);
    await Promise.all([connected(first), connected(second)]);

    const { port } = signaling;
    await signaling.stop();
    await first.locator('[data-signaling="waiting"], [data-signaling="connecting"]').waitFor();
    await say(first, second, "Still here?");

    signaling = await serveSignaling(port);
    for (const page of [first, second]) await page.locator('[data-testid="connection-state"][data-signaling="connected"]').waitFor();
    const third = await open(first.url(), false);
    for (const page of [first, second, third]) await page.getByTestId("peer-count").filter({ hasText: /^2$/ }).waitFor();
    await say(third, first, "Just arrived");
  });

  it("goes on talking while one side's backend is replaced, and nobody is there twice", async () => {
    const [pagePort, backendPort] = [await freePort(), await freePort()];
    const other = { backend: await serveBackend(backendPort, pagePort, signaling.port), server: await servePage(pagePort, backendPort) };
    try {
      const first = await open(url, false);
      const heard: string[] = [];
      first.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(String(payload))));
      await first.getByTestId("room-name").fill("Rollout");
      await first.getByTestId("create-room").click();
      await first.locator('[data-state="alone"]').waitFor();
      const second = await open(first.url().replace(url, `http://localhost:${pagePort}/`), false);
      await Promise.all([connected(first), connected(second)]);

      await other.backend.stop();
      await vi.waitFor(() => expect(heard.join()).toContain("peer-left"), 10_000);
      await say(first, second, "Can you hear me?");
      await say(second, first, "Yes");

      heard.length = 0;
      other.backend = await serveBackend(backendPort, pagePort, signaling.port);
      await second.locator('[data-testid="connection-state"][data-signaling="connected"]').waitFor();
      await vi.waitFor(() => expect(heard.join()).toContain("peer-joined"), 10_000);
      await say(second, first, "Back");
      await say(first, second, "Welcome");
      for (const page of [first, second]) {
        expect(await page.locator('[data-testid="peer"]').count()).toBe(2);
        expect(await page.locator('[data-testid="message"][data-kind="notice"]').count()).toBe(1);
      }

      await second.close();
      await first.locator('[data-state="alone"]').waitFor();
      await first.locator('[data-testid="message"][data-kind="notice"]', { hasText: "has left" }).waitFor();
    } finally {
      await Promise.all([other.backend.stop(), other.server.stop()]);
    }
  });

  it("says that the backend is away and recovers by itself", async () => {
    const page = await open(url, false);
    await page.locator('[data-testid="api-status"][data-state="up"]').waitFor();
    const { port } = backend;
    await backend.stop();
    await page.locator('[data-testid="api-status"][data-state="down"]').waitFor();
    backend = await serveBackend(port, server.port, signaling.port);
    await page.locator('[data-testid="api-status"][data-state="up"]').waitFor();
  });

  it("in development takes edits without a reload, and keeps what is being typed", async () => {
    // A copy beside the original, where it finds the same packages.
    mkdirSync(join(folder, ".cache"), { recursive: true });
    const copy = mkdtempSync(join(folder, ".cache/edited-"));
    for (const name of ["index.html", "package.json", "vite.config.ts", "public", "src"]) cpSync(join(folder, name), join(copy, name), { recursive: true });
    const port = await freePort();
    const vite = spawn(process.execPath, [join(folder, "../node_modules/vite/bin/vite.js")], {
      cwd: copy,
      env: { PATH: process.env.PATH, PORT: String(port), BACKEND_URL: `http://localhost:${backend.port}` },
      stdio: "ignore",
    });
    try {
      await expect.poll(() => fetch(`http://localhost:${port}/readyz`).then(({ status }) => status, () => 0), { timeout: 60_000 }).toBe(200);
      expect(await (await fetch(`http://localhost:${port}/config.json`)).json()).toEqual({ backendUrl: `http://localhost:${backend.port}`, iceServers: [] });

      const page = await open(`http://localhost:${port}/`, false);
      let loads = 0;
      page.on("load", () => (loads += 1));
      await page.getByTestId("room-name").fill("half a na");
      const edit = (file: string, from: string, to: string) => {
        const path = join(copy, "src", file);
        const before = readFileSync(path, "utf8");
        expect(before).toContain(from);
        writeFileSync(path, before.replace(from, to));
      };
      edit("views/lobby.ts", "Open rooms</h2>", "Edited rooms</h2>");
      await page.getByText("Edited rooms").waitFor();
      edit("style.css", "body {", "body { outline-color: rgb(1, 2, 3);");
      await page.waitForFunction(() => getComputedStyle(document.body).outlineColor === "rgb(1, 2, 3)");
      expect(await page.getByTestId("room-name").inputValue()).toBe("half a na");
      expect(loads).toBe(0);
    } finally {
      const exit = once(vite, "exit");
      vite.kill("SIGTERM");
      await exit;
      rmSync(copy, { recursive: true });
    }
  });
});
