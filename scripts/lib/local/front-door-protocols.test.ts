import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ensureAuthority, issueCertificate, type Authority } from "../ca.ts";
import { openFrontDoor } from "./front-door.ts";
import { bindLoopback, type Bound } from "./listen.ts";
import type { Supervised } from "./supervise.ts";

let folder: string;
let authority: Authority;
let https: Bound;
let http: Bound;
let upstream: Server;
let seen: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "front-door-"));
  ({ authority } = await ensureAuthority(folder));
  upstream = createServer(async (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end(await text(request));
  });
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  [https, http] = await Promise.all([bindLoopback([0], "--https-port"), bindLoopback([0], "--http-port")]);
  const { port } = upstream.address() as AddressInfo;
  const supervised = { process: { name: "app" }, log: { last: () => [] }, state: "ready" } as unknown as Supervised;
  const routes = [{ host: "page.localhost", path: "/", exact: false, process: "app", port, redirect: true }];
  openFrontDoor(https, http, await issueCertificate(authority, ["page.localhost"]), { routes: () => routes, processNamed: () => supervised, whyMissing: () => undefined });
});
beforeEach(() => void (seen = []));
afterAll(() => {
  for (const bound of [https, http]) {
    bound.close();
    bound.disconnect();
  }
  upstream.close();
  upstream.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

it.each(["DELETE", "OPTIONS", "GET", "POST"])("the body of an HTTP/2 %s without a length is that request's body, not a request of its own", async (method) => {
  const body = "POST /smuggled HTTP/1.1\r\nhost: page.localhost\r\ncontent-length: 0\r\n\r\n";
  const session = connectHttp2(`https://127.0.0.1:${https.port}`, { ca: authority.certificate, servername: "page.localhost" });
  const ask = (headers: Record<string, string>, sent?: string) => {
    const stream = session.request({ ":authority": "page.localhost", ...headers }, { endStream: sent === undefined });
    if (sent !== undefined) stream.end(sent);
    return text(stream);
  };
  expect(await ask({ ":method": method, ":path": "/first" }, body)).toBe(body);
  // By then a second request would have been read from the kept connection.
  await ask({ ":path": "/last" });
  expect(seen).toEqual([`${method} /first`, "GET /last"]);
  session.close();
});

it.each(["websocket", "h2c"])("an upgrade to %s over plain HTTP is sent to HTTPS as any other request", async (protocol) => {
  const socket = connect(http.port, "127.0.0.1");
  socket.write(`GET /socket?a=b HTTP/1.1\r\nhost: page.localhost:${http.port}\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: ${protocol}\r\nhttp2-settings: AAMAAABk\r\n\r\n`);
  const reply = await text(socket);
  expect(reply).toMatch(/^HTTP\/1\.1 308 /);
  expect(reply).toContain(`\r\nlocation: https://page.localhost:${https.port}/socket?a=b\r\n`);
  expect(seen).toEqual([]);
});
