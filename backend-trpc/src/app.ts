import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import type { TRPCError } from "@trpc/server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { Logger } from "pino";
import { createOpenApiFetchHandler, generateOpenApiDocument } from "trpc-to-openapi";
import { accessLog } from "../../service/access-log.ts";
import { appRouter, type Context } from "./router.ts";
import { createSwaggerUi } from "./swagger-ui.ts";

export interface AppOptions {
  readonly context: Context;
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
  readonly isStopping: () => boolean;
}

/** @returns everything that this service answers over plain HTTP. */
export function createApp({ context, allowedOrigins, log, isStopping }: AppOptions): Hono {
  const app = new Hono();

  app.get("/livez", (c) => c.text("ok"));
  // Once Valkey was reached, losing it doesn't make this pod unready: every replica would go at the same moment, and
  // with them what works without Valkey, such as signaling and the answer that says what is wrong. But a pod that never
  // reached it is likely misconfigured: it stays unready, so that a rollout stops and the old pods go on.
  app.get("/readyz", (c) => {
    if (isStopping()) return c.text("stopping", 503);
    if (!context.store.wasReached()) return c.text("waiting for Valkey", 503);
    return c.text("ok");
  });

  app.use(accessLog(log));
  app.use(async (c, next) => {
    await next();
    // Whoever keeps the connection open would send its next request to a pod that is gone by then.
    if (isStopping()) c.header("Connection", "close");
  });

  const callable = [
    cors({ origin: (origin) => (isAllowedOrigin(origin, allowedOrigins) ? origin : null), allowMethods: ["GET", "POST"], maxAge: 600 }),
    bodyLimit({ maxSize: 64 * 1024, onError: (c) => c.json({ message: "the body is larger than 64 KiB", code: "PAYLOAD_TOO_LARGE" }, 413) }),
  ] as const;
  const onError = ({ error, path }: { error: TRPCError; path?: string }) => {
    if (error.code === "INTERNAL_SERVER_ERROR") log.error({ err: error.cause ?? error, path }, "request failed");
  };

  app.use("/trpc/*", ...callable);
  app.all("/trpc/*", (c) =>
    // Without batches: the address of one request could name a procedure some hundred times.
    fetchRequestHandler({ endpoint: "/trpc", req: c.req.raw, router: appRouter, createContext: () => context, allowBatching: false, onError }),
  );

  app.use("/api/*", ...callable);
  app.all("/api/*", async (c) => {
    // The handler cuts its endpoint out of the whole address, at the first place where it finds it: with the caller's own
    // host that would be wrong at api.example.com.
    const { pathname, search } = new URL(c.req.url);
    const address = `http://backend${pathname}${search}`;
    // It also wants a body from every POST, although a path may say all: `curl -X POST …/join`.
    const req =
      c.req.method === "POST" && !c.req.header("content-type")
        ? new Request(address, { method: "POST", headers: { "content-type": "application/json" }, body: (await c.req.text()) || "{}" })
        : new Request(address, c.req.raw);
    return createOpenApiFetchHandler({ endpoint: "/api", req, router: appRouter, createContext: () => context, onError });
  });

  const document = generateOpenApiDocument(appRouter, {
    title: "Rooms",
    description: "The same procedures as /trpc, as plain HTTP.",
    version: "1.0.0",
    baseUrl: "/api",
    securitySchemes: {},
  });
  app.use("/openapi.json", callable[0]);
  app.get("/openapi.json", (c) => c.json(document));
  app.route("/ui", createSwaggerUi());
  app.get("/ui/", (c) => c.redirect("/ui"));
  // WebSockets don't come here: see server.ts.
  app.get("/signaling", (c) => c.json({ message: "this address speaks WebSocket only", code: "UPGRADE_REQUIRED" }, 426, { Upgrade: "websocket" }));
  app.get("/", (c) => c.redirect("/ui"));

  app.notFound((c) => c.json({ message: "there is nothing at this address", code: "NOT_FOUND" }, 404));
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.path }, "request failed");
    return c.json({ message: "Internal server error", code: "INTERNAL_SERVER_ERROR" }, 500);
  });
  return app;
}

/** @param origin what the `Origin` header says; programs other than browsers send none. */
export function isAllowedOrigin(origin: string | undefined, allowedOrigins: readonly string[]): boolean {
  return !origin || allowedOrigins.includes(origin) || allowedOrigins.includes("*");
}
