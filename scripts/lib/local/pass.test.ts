import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server, type ClientHttp2Session, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { patientPool } from "./connect.ts";
import { pass } from "./pass.ts";

// A process, a door before it that speaks HTTP/1.1 and another that speaks HTTP/2; without TLS.

let handle: (request: IncomingMessage, response: ServerResponse) => void;
let failure: NodeJS.ErrnoException | undefined;
let refusedMs: number;
let behind: Server;
let door1: Server;
let door2: Http2Server;
let session: ClientHttp2Session;

const listening = async <T extends Server | Http2Server>(server: T): Promise<T> => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
const portOf = (server: Server | Http2Server) => (server.address() as AddressInfo).port;

beforeEach(async () => {
  failure = undefined;
  refusedMs = 0;
  behind = await listening(createServer((request, response) => handle(request, response)));
  const pool = patientPool(portOf(behind), { refusedMs: () => refusedMs });
  const passed = (request: unknown, response: unknown) =>
    pass(request as IncomingMessage, response as ServerResponse, pool, (error) => {
      failure = error;
      (response as ServerResponse).writeHead(502).end("failed");
    });
  door1 = await listening(createServer(passed));
  door2 = await listening(createHttp2Server(passed));
  session = connectHttp2(`http://127.0.0.1:${portOf(door2)}`);
});
afterEach(() => {
  session.destroy();
  for (const server of [behind, door1]) server.close().closeAllConnections();
  door2.close();
});

interface Asked {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: Readable;
  signal?: AbortSignal;
}
interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
  leave: () => void;
}

const ask1 = ({ method = "GET", headers, body, signal }: Asked): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const asked = httpRequest({ port: portOf(door1), host: "127.0.0.1", method, headers, path: "/path?a=b", signal }, (response) =>
      resolve({ status: response.statusCode!, headers: response.headers, body: response, leave: () => asked.destroy() }),
    );
    asked.on("error", reject);
    if (body) body.pipe(asked);
    else asked.end();
  });
const ask2 = ({ method = "GET", headers, body, signal }: Asked): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": "/path?a=b", ...headers }, { endStream: !body, signal });
    stream.on("error", reject).once("response", ({ ":status": status, ...received }) => resolve({ status: status!, headers: received as IncomingHttpHeaders, body: stream, leave: () => stream.destroy() }));
    body?.pipe(stream);
  });

/** As it came, with what frames it. */
const echo = async (request: IncomingMessage, response: ServerResponse) => {
  const body = await text(request);
  response.end(JSON.stringify({ method: request.method, url: request.url, body, length: request.headers["content-length"], encoding: request.headers["transfer-encoding"] }));
};
const bodyOf = (...chunks: (string | Buffer)[]) => {
  const body = new PassThrough();
  for (const chunk of chunks) body.write(chunk);
  return body.end();
};
const megabyte = Buffer.alloc(1 << 20);

describe.each([["HTTP/1.1", ask1], ["HTTP/2", ask2]] as const)("over %s", (version, ask) => {
  const json = async (asked: Asked) => JSON.parse(await text((await ask(asked)).body)) as unknown;

  it("a process gets what was sent, framed as it can be read", async () => {
    handle = (request, response) => void echo(request, response);
    expect(await json({})).toEqual({ method: "GET", url: "/path?a=b", body: "" });
    expect(await json({ method: "POST" })).toMatchObject({ body: "", length: "0" });
    expect(await json({ method: "DELETE" })).toMatchObject({ method: "DELETE", body: "" });
    expect(await json({ method: "POST", body: bodyOf("hel", "lo") })).toMatchObject({ body: "hello" });
    const late = new PassThrough();
    late.write("hel");
    setTimeout(() => late.end("lo"), 50);
    expect(await json({ method: "POST", body: late })).toMatchObject({ body: "hello", encoding: "chunked" });
    expect(await json({ method: "PUT", headers: { "content-length": "5" }, body: bodyOf("hello") })).toMatchObject({ body: "hello", length: "5" });
    expect(await json({ method: "GET", headers: { "content-length": "5" }, body: bodyOf("hello") })).toMatchObject({ method: "GET", body: "hello" });
    if (version === "HTTP/1.1") expect(await json({ method: "POST", headers: { expect: "100-continue", connection: "keep-alive, x", "keep-alive": "timeout=5" }, body: bodyOf("hello") })).toMatchObject({ body: "hello" });
  });

  it("a megabyte goes through whole, in both directions", async () => {
    handle = (request, response) => void request.pipe(response);
    const { body } = await ask({ method: "POST", body: bodyOf(megabyte) });
    expect((await buffer(body)).equals(megabyte)).toBe(true);
  });

  it("a client gets status and headers as they were, also those that are repeated or in Latin-1", async () => {
    handle = (_request, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.writeHead(418, ["x-own", "Grüße", "set-cookie", "a=1", "set-cookie", "b=2", "vary", "a", "vary", "b", "server", "one", "server", "two", "keep-alive", "timeout=5"]);
      response.end("tea");
    };
    const { status, headers, body } = await ask({});
    expect(status).toBe(418);
    expect(headers).toMatchObject({ "x-own": "Grüße", "set-cookie": ["a=1", "b=2"], vary: "a, b" });
    expect(await text(body)).toBe("tea");
  });

  it("the host is the client's, once", async () => {
    handle = (request, response) => response.end(JSON.stringify(request.rawHeaders.filter((_, index, all) => all[index & ~1]!.toLowerCase() === "host")));
    expect(await json({ headers: version === "HTTP/2" ? { ":authority": "mine", host: "other" } : { host: "mine" } })).toEqual(["host", "mine"]);
  });

  it("HEAD has the length of what GET has", async () => {
    handle = (_request, response) => response.setHeader("content-length", 3).end("tea");
    const { headers, body } = await ask({ method: "HEAD" });
    expect(headers["content-length"]).toBe("3");
    expect(await text(body)).toBe("");
  });

  it("an answer that ends with its connection is whole", async () => {
    handle = (_request, response) => void response.socket!.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ntea");
    expect(await text((await ask({})).body)).toBe("tea");
  });

  it("a stream is open before its first word", async () => {
    handle = (_request, response) => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const { headers, leave } = await ask({});
    expect(headers["content-type"]).toBe("text/event-stream");
    leave();
  });

  it("a client that leaves, ends what it asked for", async () => {
    const left = new Promise<void>((resolve) => {
      handle = (_request, response) => {
        response.write("first");
        response.once("close", resolve);
      };
    });
    (await ask({})).leave();
    await left;
    expect(failure).toBeUndefined();
  });

  it("one that leaves while the process reloads, asks for nothing", async () => {
    let open = 0;
    handle = (_request, response) => {
      open++;
      response.once("close", () => open--).flushHeaders();
    };
    const port = portOf(behind);
    await new Promise((resolve) => behind.close(resolve));
    refusedMs = 5000;
    const client = new AbortController();
    const left = ask({ signal: client.signal });
    const stays = ask({});
    setTimeout(() => client.abort(), 100);
    await expect(left).rejects.toThrow();
    behind = createServer((request, response) => handle(request, response)).listen(port, "127.0.0.1");
    const { leave } = await stays;
    await vi.waitFor(() => expect(open).toBe(1), { timeout: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(open).toBe(1);
    leave();
  });

  it("a client that reads slowly slows the process down", async () => {
    let written = 0;
    handle = (_request, response) => {
      const more = () => {
        while (written < 200) {
          written++;
          if (!response.write(megabyte)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    };
    const { body } = await ask({});
    let stood = -1;
    await vi.waitUntil(() => stood === (stood = written), { timeout: 30_000, interval: 300 });
    expect(written).toBeLessThan(100);
    let length = 0;
    for await (const chunk of body) length += (chunk as Buffer).length;
    expect(length).toBe(200 * megabyte.length);
  });

  it("an answer before the upload's end arrives, and another request after it", async () => {
    handle = (request, response) => {
      if (request.method === "GET") return void response.end("again");
      response.writeHead(413).end("too much");
    };
    const body = new PassThrough();
    body.write(megabyte);
    const reply = await ask({ method: "POST", body });
    expect([reply.status, await text(reply.body)]).toEqual([413, "too much"]);
    body.end(megabyte);
    expect(await text((await ask({})).body)).toBe("again");
  });

  it.each([
    ["refuses the connection", () => behind.close(), "ECONNREFUSED"],
    ["ends in the middle of an upload", () => (handle = (request) => void request.once("data", () => request.socket.destroy())), /UND_ERR_SOCKET|EPIPE|ECONNRESET/],
  ])("a process that %s is told of, and the client gets an answer", async (_what, prepare, code) => {
    prepare();
    const reply = await ask({ method: "POST", body: bodyOf(...Array<Buffer>(20).fill(megabyte)) });
    expect([reply.status, await text(reply.body)]).toEqual([502, "failed"]);
    expect(failure?.code).toMatch(code);
  });
});
