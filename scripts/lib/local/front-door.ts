import type { Agent, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { Duplex } from "node:stream";
import { createProxyServer } from "httpxy";
import type { Dispatcher } from "undici";
import { patientAgent, patientPool } from "./connect.ts";
import type { Bound } from "./listen.ts";
import { pageFor, type Trouble } from "./pages.ts";
import { hasBody, pass } from "./pass.ts";
import { findRoute, type Route } from "./routes.ts";
import type { Supervised } from "./supervise.ts";

// What the ingress controller is in a cluster: TLS, routing by host and path, forwarded headers, WebSockets.

export interface FrontDoor {
  /** Another certificate for connections to come. */
  setCertificate(certificate: Certificate): void;
}

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What the front door looks up for each request; edits of manifests change it. */
export interface Behind {
  readonly routes: () => readonly Route[];
  readonly processNamed: (name: string) => Supervised | undefined;
  /** Why a process that has a route does not run at all. */
  readonly whyMissing: (name: string) => string | undefined;
}

interface Target {
  readonly requests: Dispatcher;
  readonly webSockets: { readonly target: string; readonly agent: Agent };
  readonly supervised: Supervised;
}

/** What may be asked a second time. */
const safe = new Set(["GET", "HEAD", "OPTIONS"]);
// A first start compiles; a reload takes a third of a second for the sample.
const startingMs = 15_000;
const reloadMs = 2000;

/** Answers on both ports from now on. */
export function openFrontDoor(https: Bound, http: Bound, certificate: Certificate, behind: Behind): FrontDoor {
  const targets = new Map<string, Target>();
  const webSockets = createProxyServer();
  // The library ends the connection right after this.
  webSockets.on("error", (error, request, socket) => {
    if (socket && "writable" in socket && socket.writable) refuse(socket as Duplex, { status: 502, what: `nothing answers the WebSocket ${request?.url}: ${wordsOf(error)}`, lines: [] });
  });

  const targetOf = (supervised: Supervised, port: number): Target => {
    const { name } = supervised.process;
    const known = targets.get(`${name}:${port}`);
    if (known?.supervised === supervised) return known;
    const patience = { refusedMs: () => (behind.processNamed(name)?.state === "ready" ? reloadMs : 0) };
    const connections = known ?? { requests: patientPool(port, patience), webSockets: { target: `http://127.0.0.1:${port}`, agent: patientAgent(port, patience) } };
    const target = { ...connections, supervised };
    targets.set(`${name}:${port}`, target);
    return target;
  };

  const secured = (host: string | undefined, url = "/") => `https://${nameOf(host)}${https.port === 443 ? "" : `:${https.port}`}${url}`;

  /** @returns where a request goes, or what is wrong */
  async function find(route: Route | undefined): Promise<Target | Trouble> {
    if (!route) return { status: 404, what: "No Ingress has this host and path", lines: [], next: `There is: ${addressesOf(behind.routes()).join(", ")}` };
    const supervised = behind.processNamed(route.process);
    if (!supervised || route.port === undefined)
      return { status: 503, what: `${route.process} does not run here: ${behind.whyMissing(route.process) ?? "it was stopped"}`, lines: [] };
    if (supervised.state !== "ready" && !(await supervised.readyWithin(supervised.state === "starting" ? startingMs : reloadMs))) return troubleOf(supervised);
    return targetOf(supervised, route.port);
  }

  function handle(request: IncomingMessage, response: ServerResponse, secure: boolean): void {
    const host = (request.headers[":authority"] as string | undefined) ?? request.headers.host;
    const route = findRoute(behind.routes(), host, request.url ?? "/");
    // As ingress-nginx: the method and the body are kept.
    if (!secure && route?.redirect) return void response.writeHead(308, { location: secured(host, request.url), "content-length": 0 }).end();
    forward(request, host, secure, secure ? https.port : http.port);
    const supervised = route && behind.processNamed(route.process);
    // The usual case, without a promise.
    if (supervised?.state === "ready" && route?.port !== undefined) return ask(request, response, targetOf(supervised, route.port));
    void find(route).then((found) => ("status" in found ? answer(request, response, found) : ask(request, response, found)));
  }

  function ask(request: IncomingMessage, response: ServerResponse, target: Target, attempt = 1): void {
    const { requests, supervised } = target;
    pass(request, response, requests, (error) => {
      // It went away in the middle, most likely for a reload. What may be asked twice, is.
      if (hasEnded(error) && attempt < 4 && safe.has(request.method ?? "") && !hasBody(request)) return ask(request, response, target, attempt + 1);
      if (error.code === "ECONNREFUSED") supervised.suspect();
      answer(request, response, { ...troubleOf(supervised), status: 502, what: `${supervised.process.name} runs, but does not answer: ${wordsOf(error)}` });
    });
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, secure: boolean): void {
    socket.on("error", () => socket.destroy());
    const host = request.headers.host;
    const route = findRoute(behind.routes(), host, request.url ?? "/");
    if (!secure && route?.redirect)
      return void socket.end(`HTTP/1.1 308 Permanent Redirect\r\nlocation: ${secured(host, request.url)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    forward(request, host, secure, secure ? https.port : http.port);
    void find(route).then((found) => {
      if ("status" in found) return refuse(socket, found);
      webSockets.ws(request, socket as never, found.webSockets, head).catch(() => socket.destroy());
    });
  }
  const secureServer = createSecureServer({ allowHTTP1: true, cert: certificate.certificate, key: certificate.key }, (request, response) =>
    handle(request as never, response as never, true),
  );
  const plainServer = createHttpServer((request, response) => handle(request, response, false));
  for (const [server, secure] of [[secureServer, true], [plainServer, false]] as const) {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => upgrade(request, socket, head, secure));
    server.setTimeout(0);
    // Uploads to a breakpoint may take their time.
    Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 75_000 });
  }
  secureServer.on("sessionError", () => {});
  https.accept((socket) => secureServer.emit("connection", socket));
  http.accept((socket) => plainServer.emit("connection", socket));
  return { setCertificate: (next) => secureServer.setSecureContext({ cert: next.certificate, key: next.key }) };
}

/**
 * The headers that ingress-nginx sets. It replaces what clients send, or anyone could claim to be anyone.
 * @see https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#use-forwarded-headers
 */
function forward(request: IncomingMessage, host: string | undefined, secure: boolean, port: number): void {
  const scheme = secure ? "https" : "http";
  const client = request.socket.remoteAddress ?? "127.0.0.1";
  const { headers } = request;
  delete headers["forwarded"];
  delete headers["proxy"];
  delete headers["x-original-forwarded-for"];
  headers["x-real-ip"] = client;
  headers["x-forwarded-for"] = client;
  headers["x-forwarded-host"] = host;
  headers["x-forwarded-port"] = String(port);
  headers["x-forwarded-proto"] = scheme;
  headers["x-forwarded-scheme"] = scheme;
  headers["x-scheme"] = scheme;
}

function troubleOf({ process, state, ended, log }: Supervised): Trouble {
  const { name } = process;
  const lines = log.last(20);
  if (state === "waiting" || state === "stopped") return { status: 503, what: `${name} ${ended ?? "was stopped"}`, lines };
  if (state === "starting") return { status: 503, what: `${name} is still starting`, lines };
  return { status: 502, what: `${name} runs, but does not answer`, lines };
}

function answer(request: IncomingMessage, response: ServerResponse, trouble: Trouble): void {
  const { type, body } = pageFor(trouble, request.headers.accept);
  request.resume();
  response.on("error", () => {});
  response.writeHead(trouble.status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...(trouble.status !== 404 && { "retry-after": "1" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function refuse(socket: Duplex, trouble: Trouble): void {
  const { type, body } = pageFor(trouble);
  socket.end(`HTTP/1.1 ${trouble.status} ${trouble.status === 404 ? "Not Found" : "Unavailable"}\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const nameOf = (host = "") => host.replace(/:\d+$/, "");
const hasEnded = ({ code }: NodeJS.ErrnoException) => code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET";
const wordsOf = (error: NodeJS.ErrnoException) => (error.code === "ECONNREFUSED" ? "it refuses connections" : hasEnded(error) ? "it ended the connection" : error.message);
const addressesOf = (routes: readonly Route[]) => [...new Set(routes.flatMap(({ host, path }) => (host ? [`${host}${path === "/" ? "" : path}`] : [])))];
