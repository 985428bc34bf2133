import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectTwoTabsToTalk, hasBrowser, openBrowser } from "../browser.ts";
import { patience, RunningClone, type Application } from "./running-clone.ts";

let clone: RunningClone;
let application: Application;
const page = () => `https://dev.localhost:${application.httpsPort}`;

beforeAll(async () => {
  clone = new RunningClone();
  application = clone.start();
  await application.ready();
});
afterAll(async () => {
  await clone?.stop();
  clone?.[Symbol.dispose]();
});

describe("the application after npm start, in a path with spaces and other letters", () => {
  it("says where to look, what is different here, and nothing of secrets", () => {
    expect(application.stderr).toMatch(/https:\/\/dev\.localhost:\d+ +landing-page\n/);
    expect(application.stderr).toMatch(/https:\/\/backend\.dev\.localhost:\d+ +backend\n/);
    expect(application.stderr).toContain("without a cluster there is no: ");
    const password = /^VALKEY_PASSWORD="?([^"\n]+)/m.exec(clone.read(".env"))![1]!;
    for (const text of [application.stderr, application.stdout, JSON.stringify(application.status), clone.read(`.local/objects-${application.httpsPort}.json`)])
      expect(text).not.toContain(password);
  });

  it.each([4, 6] as const)("page and backend answer over HTTPS on IPv%s, with the local CA's certificate", async (family) => {
    expect(await application.ask("dev.localhost", "/", { family })).toMatchObject({ status: 200, text: expect.stringContaining("<!doctype html>") });
    expect(await application.ask("backend.dev.localhost", "/readyz", { family })).toMatchObject({ status: 200 });
  });

  it("browsers are offered HTTP/2", async () => {
    const session = connectHttp2(page(), { ca: clone.authority, servername: "dev.localhost", lookup: ((_host: string, options: { all?: boolean }, callback: Function) => (options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4))) as never });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => session.on("error", reject).request({ ":path": "/config.json" }).on("response", resolve).resume());
    expect(headers[":status"]).toBe(200);
    session.close();
  });

  it("the page is told the backend's address, with the front door's port", async () => {
    const config = JSON.parse((await application.ask("dev.localhost", "/config.json")).text) as object;
    expect(JSON.stringify(config)).toContain(`https://backend.dev.localhost:${application.httpsPort}`);
  });

  it("status in a second terminal shows processes, ports and addresses", async () => {
    const { stdout, code } = await clone.script("status");
    expect(code).toBe(0);
    for (const name of ["backend", "landing-page", "signaling"]) expect(stdout).toMatch(new RegExp(`^${name} +ready, process \\d+ +\\d+ +\\d+ (s|min)`, "m"));
    expect(stdout).toContain(page());
    const json = JSON.parse((await clone.script("status", "--json")).stdout) as { processes: object[] };
    expect(json.processes.length).toBeGreaterThanOrEqual(3);
  });

  it("a second start in the same folder says who runs already, and disturbs nothing", async () => {
    const { code, stderr } = await clone.script();
    expect(code).toBe(1);
    expect(stderr).toContain("the application runs here already");
    expect(stderr).toContain(`process ${application.child.pid} runs it: ${page()}`);
    expect((await application.ask("backend.dev.localhost", "/readyz")).status).toBe(200);
  });

  it("--log in a second terminal shows one process's lines, and ends with the application's", async () => {
    const child = spawn(process.execPath, [...(process.features.typescript ? [] : ["--import", "tsx"]), "scripts/dev.mts", "--log", "backend"], { cwd: clone.folder, env: clone.env() });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
    await vi.waitFor(() => expect(text).toContain("listening port="), patience);
    expect(text).not.toContain("VITE");
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(130);
  });

  it.skipIf(process.platform !== "linux")("listens on this machine only (needs /proc)", () => {
    const own = new Set([...application.status.processes.flatMap(({ ports }) => ports), application.httpsPort].map((port) => port.toString(16).toUpperCase().padStart(4, "0")));
    const addresses = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
      readFileSync(file, "utf8").split("\n").flatMap((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        const [address, port] = local?.split(":") ?? [];
        return state === "0A" && own.has(port ?? "") ? [address] : [];
      }),
    );
    expect(addresses.length).toBeGreaterThanOrEqual(4);
    expect(new Set(addresses)).toEqual(new Set(["0100007F", "00000000000000000000000001000000"].filter((address) => addresses.includes(address))));
  });

  it("another clone runs at the same time, on other ports", async () => {
    using second = new RunningClone();
    const other = second.start();
    await other.ready();
    const ports = (one: Application) => one.status.processes.flatMap(({ ports }) => ports);
    expect(ports(other).filter((port) => ports(application).includes(port))).toEqual([]);
    expect((await other.ask("backend.dev.localhost", "/readyz")).status).toBe(200);
    expect((await application.ask("backend.dev.localhost", "/readyz")).status).toBe(200);
    await other.stop();
    expect((await application.ask("backend.dev.localhost", "/readyz")).status).toBe(200);
  });

  describe.skipIf(!hasBrowser)("in a browser that trusts the CA (needs Chromium, certutil)", () => {
    it("two tabs exchange a message over WebRTC", async () => {
      await using browser = await openBrowser(join(clone.authorityFolder, "ca.pem"));
      await expectTwoTabsToTalk(browser, page());
    });

    it("twenty edits in a row each change the page without loading it again, as quick as they come", async () => {
      await using browser = await openBrowser(join(clone.authorityFolder, "ca.pem"));
      const tab = await browser.newPage();
      const connected = tab.waitForEvent("console", (message) => message.text() === "[vite] connected.");
      await tab.goto(page());
      await connected;
      await tab.evaluate('globalThis.mark = "still the same page"');
      for (let width = 1; width <= 20; width++) {
        clone.edit("landing-page/src/style.css", (text) => `${text}\nbody { outline: ${width}px solid rgb(1, 2, 3); }\n`);
        await tab.waitForFunction(`getComputedStyle(document.body).outlineWidth === "${width}px"`);
      }
      expect(await tab.evaluate("globalThis.mark")).toBe("still the same page");
    });
  });

  it("Ctrl-C stops everything, while a browser keeps its connection", async () => {
    const session = connectHttp2(`https://127.0.0.1:${application.httpsPort}`, { ca: clone.authority, servername: "dev.localhost" });
    await new Promise((resolve, reject) => session.once("error", reject).once("connect", resolve));
    session.on("error", () => {});
    application.child.kill("SIGINT");
    await vi.waitFor(() => expect(application.child.exitCode).toBe(130), patience);
    await vi.waitFor(() => expect(clone.processes()).toEqual([]), patience);
    expect((await clone.script("status")).stderr).toContain("the application does not run here");
  });
});
