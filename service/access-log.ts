import type { MiddlewareHandler } from "hono";
import type { Logger } from "pino";

/** Logs a line for each request. Put it behind the probes' routes, which would fill the log. */
export function accessLog(log: Logger): MiddlewareHandler {
  return async (c, next) => {
    const started = performance.now();
    await next();
    log.info(
      {
        method: c.req.method,
        // Without the query: it may hold what somebody typed.
        path: c.req.path,
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        requestId: c.req.header("x-request-id")?.slice(0, 64),
      },
      "request",
    );
  };
}
