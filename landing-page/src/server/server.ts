import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createAdaptorServer } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Logger } from "pino";
import { accessLog } from "../../../service/access-log.ts";
import type { Listening, Running } from "../../../service/run.ts";
import type { RuntimeConfig } from "./runtime-config.ts";

export interface PageServer extends Running {
  readonly port: number;
}

/**
 * Serves the built page and its runtime configuration.
 *
 * @param root where `npm run build` put the page
 * @throws Error when the port can't be had
 */
export async function startPageServer(
  { port, host, backendUrl, iceServers }: RuntimeConfig & Listening,
  log: Logger,
  root = fileURLToPath(new URL("./public", import.meta.url)),
): Promise<PageServer> {
  let stopping = false;
  const backend = new URL(backendUrl).origin;
  const app = new Hono();

  app.get("/livez", (c) => c.text("ok"));
  app.get("/readyz", (c) => (stopping ? c.text("stopping", 503) : c.text("ok")));

  app.use(accessLog(log));
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'", backend, backend.replace(/^http/, "ws")],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      // The one who terminates TLS knows whether this is right.
      strictTransportSecurity: false,
    }),
  );
  app.get("/config.json", (c) => c.json({ backendUrl, iceServers }, { headers: { "Cache-Control": "no-cache" } }));
  app.get(
    "/assets/*",
    serveStatic({ root, precompressed: true, onFound: (_path, c) => c.header("Cache-Control", "public, max-age=31536000, immutable") }),
  );
  const current = { root, precompressed: true, onFound: (_path: string, c: { header(name: string, value: string): void }) => c.header("Cache-Control", "no-cache") };
  app.get("*", serveStatic(current));
  // Addresses that the page itself makes sense of. Missing files stay missing: HTML in place of a script only confuses.
  const page = serveStatic({ ...current, path: "index.html" });
  app.get("*", (c, next) => (c.req.header("accept")?.includes("text/html") ? page(c, next) : next()));

  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // Longer than the 60 seconds for which ingress-nginx keeps idle connections, or its next request may meet a closed one.
  server.keepAliveTimeout = 75_000;
  server.listen({ port, host });
  await once(server, "listening");
  const { port: actual } = server.address() as AddressInfo;
  log.info({ port: actual, backendUrl }, "listening");

  return {
    port: actual,
    async stop() {
      stopping = true;
      const closed = once(server, "close");
      server.close();
      const cutOff = setTimeout(() => server.closeAllConnections(), 5000);
      await closed;
      clearTimeout(cutOff);
    },
  };
}
