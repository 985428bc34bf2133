import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { request } from "node:http";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRuntimeConfig } from "./runtime-config.ts";
import { startPageServer, type PageServer } from "./server.ts";

const html = "<!doctype html><title>Rooms</title>";
const iceServers = [{ urls: "stun:stun.example.com" }];
let folder: string;
let server: PageServer;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "page-"));
  mkdirSync(join(folder, "public/assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "not for anybody");
  writeFileSync(join(folder, "public/index.html"), html);
  writeFileSync(join(folder, "public/index.html.br"), brotliCompressSync(html));
  writeFileSync(join(folder, "public/assets/index-abc.js"), "1");
  const config = { port: 0, host: "127.0.0.1", backendUrl: "https://backend.dev.localhost:8443/base", iceServers };
  server = await startPageServer(config, pino({ level: "silent" }), join(folder, "public"));
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** fetch would tidy the path and undo the compression. */
const raw = (path: string, headers: Record<string, string> = {}) =>
  new Promise<{ status?: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    request(`${url}`, { path, headers }, async (answer) => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) }))
      .on("error", reject)
      .end();
  });

describe("the page's server", () => {
  it("tells the page where its backend is", async () => {
    const answer = await fetch(`${url}/config.json`);
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(await answer.json()).toEqual({ backendUrl: "https://backend.dev.localhost:8443/base", iceServers });
  });

  it("lets the page speak with its backend and nobody else, and run nothing but its own files", async () => {
    const policy = (await fetch(url)).headers.get("content-security-policy") ?? "";
    expect(policy.split("; ").sort()).toEqual(
      [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self' https://backend.dev.localhost:8443 wss://backend.dev.localhost:8443",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].sort(),
    );
  });

  it("has browsers keep hashed files for ever and ask for the page each time, so that a rollout is seen", async () => {
    expect((await fetch(`${url}/assets/index-abc.js`)).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect((await fetch(url)).headers.get("cache-control")).toBe("no-cache");
  });

  it("sends what was compressed at build time to who can read it", async () => {
    const small = await raw("/", { "accept-encoding": "gzip, br" });
    expect(small.headers["content-encoding"]).toBe("br");
    expect(small.headers.vary).toContain("Accept-Encoding");
    expect(String(brotliDecompressSync(small.body))).toBe(html);
    expect(String((await raw("/")).body)).toBe(html);
  });

  it("answers a page's address with the page, but a missing file with 404", async () => {
    expect(await (await fetch(`${url}/some/where?room=abc`, { headers: { accept: "text/html,*/*" } })).text()).toBe(html);
    expect((await fetch(`${url}/assets/index-old.js`)).status).toBe(404);
  });

  it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%5c..%5csecret.txt"])("shows nothing outside of its folder: %s", async (path) => {
    const { status, body } = await raw(path);
    expect(status).toBe(404);
    expect(String(body)).not.toContain("not for anybody");
  });

  it("is alive and ready", async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe("the page's environment", () => {
  const read = (env: NodeJS.ProcessEnv) => {
    const problems: string[] = [];
    return { config: readRuntimeConfig(env, problems), problems };
  };

  it("is read", () => {
    expect(read({ BACKEND_URL: "https://backend.example.com/", ICE_SERVERS: '[{"urls":["turn:t.example.com"],"username":"u","credential":"c"}]' })).toEqual({
      config: { backendUrl: "https://backend.example.com", iceServers: [{ urls: ["turn:t.example.com"], username: "u", credential: "c" }] },
      problems: [],
    });
  });

  it.each([
    [{}, ["BACKEND_URL"]],
    [{ BACKEND_URL: "backend:3000" }, ["BACKEND_URL"]],
    [{ BACKEND_URL: "https://b", ICE_SERVERS: "stun:x" }, ["ICE_SERVERS"]],
    [{ BACKEND_URL: "https://b", ICE_SERVERS: '[{"url":"stun:x"}]' }, ["ICE_SERVERS"]],
    [{ BACKEND_URL: "x", ICE_SERVERS: "{}" }, ["BACKEND_URL", "ICE_SERVERS"]],
  ])("%j has problems with %j", (env, names) => {
    expect(read(env).problems.map((problem) => problem.split(" ")[0])).toEqual(names);
  });
});
