import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Logger } from "pino";
import type { Listening, Running } from "../../service/run.ts";
import { createApp, isAllowedOrigin } from "./app.ts";
import type { Config } from "./config.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { RoomStore } from "./rooms.ts";
import { createSignalingProxy, refuse } from "./signaling-proxy.ts";
import { createValkeyStore } from "./valkey-store.ts";

export interface Backend extends Running {
  readonly port: number;
}

/** Well under the 30 seconds after which Kubernetes kills. */
const finishWithinMs = 8000;

/**
 * Starts listening.
 *
 * @param store replaces the one that the configuration asks for, in tests
 * @throws Error when the port can't be had
 */
export async function startBackend(
  config: Config & Listening,
  log: Logger,
  store: RoomStore = createStore(config, log),
): Promise<Backend> {
  let stopping = false;
  const isStopping = () => stopping;
  const signaling = config.signalingUrl ? createSignalingProxy({ target: config.signalingUrl, log }) : undefined;
  if (!signaling) log.warn("SIGNALING_URL is not set: /signaling answers 502");

  const app = createApp({
    context: { store, signalingState: async () => signaling?.state() ?? "unconfigured" },
    allowedOrigins: config.allowedOrigins,
    log,
    isStopping,
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // Longer than the 60 seconds for which ingress-nginx keeps idle connections: whoever closes first must not be the one
  // who receives, or a request that is on its way meets a closed connection.
  server.keepAliveTimeout = 75_000;

  const running = new Set<ServerResponse>();
  server.on("request", (_request, response) => {
    running.add(response);
    response.once("close", () => running.delete(response));
  });

  server.on("upgrade", (request, socket, head) => {
    // Node takes its own listener off a socket that asks for an upgrade: without one, a reset would end the process.
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== "/signaling") return refuse(socket, 404, "Not Found", "there is nothing at this address");
    if (stopping) return refuse(socket, 503, "Service Unavailable", "this server is stopping");
    // Browsers let every page open a WebSocket to everywhere: CORS doesn't apply, so the check is here.
    if (!isAllowedOrigin(request.headers.origin, config.allowedOrigins))
      return refuse(socket, 403, "Forbidden", "pages of this origin may not connect: see ALLOWED_ORIGINS");
    if (!signaling) return refuse(socket, 502, "Bad Gateway", "no signaling service is configured");
    signaling.connect(request, socket, head);
  });

  server.listen({ port: config.port, host: config.host });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  log.info({ port, store: store.kind }, "listening");

  return {
    port,
    async stop() {
      if (stopping) return;
      stopping = true;
      const deadline = AbortSignal.timeout(finishWithinMs);
      const aborted = once(deadline, "abort");
      const requests = () => [...running].map((response) => new Promise<void>((resolve) => response.once("close", resolve)));
      // Requests that come now are still served: the cluster takes a moment to learn that this pod is going.
      await Promise.race([Promise.all([signaling?.close(), ...requests()]), aborted]);
      server.close();
      // From now on nobody connects; what came meanwhile is finished too.
      while (running.size > 0 && !deadline.aborted) await Promise.race([Promise.all(requests()), aborted]);
      if (deadline.aborted) log.warn({ requests: running.size }, "stopping in the middle of requests: they took too long");
      server.closeAllConnections();
      await store.close();
    },
  };
}

function createStore({ valkeyUrl, valkeyPassword, roomTtlMs }: Config, log: Logger): RoomStore {
  if (valkeyUrl) return createValkeyStore({ url: valkeyUrl, password: valkeyPassword, ttlMs: roomTtlMs, log });
  log.warn("VALKEY_URL is not set: rooms are kept in memory and go when this process stops");
  return createMemoryStore({ ttlMs: roomTtlMs });
}
