import { hostname } from "node:os";
import { initTRPC, TRPCError } from "@trpc/server";
import type { OpenApiMeta } from "trpc-to-openapi";
import { z } from "zod";
import { Room, RoomLimitError, roomId, roomName, StoreUnavailableError, type RoomStore } from "./rooms.ts";

export interface Context {
  readonly store: RoomStore;
  /** Asks the signaling service. */
  readonly signalingState: () => Promise<"up" | "down" | "unconfigured">;
}

const t = initTRPC
  .meta<OpenApiMeta>()
  .context<Context>()
  .create({
    // It would put stack traces into answers, and development images face a browser too.
    isDev: false,
    // By default the message is a JSON text of zod's issues, which no page can show to somebody.
    errorFormatter: ({ shape, error: { cause } }) =>
      cause instanceof z.ZodError ? { ...shape, message: cause.issues.map(({ message }) => message).join(", ") } : shape,
  });

const procedure = t.procedure.use(async ({ next }) => {
  const result = await next();
  if (result.ok) return result;
  const { cause } = result.error;
  if (cause instanceof StoreUnavailableError)
    throw new TRPCError({ code: "SERVICE_UNAVAILABLE", message: "rooms can't be read or written now: try again in a moment", cause });
  if (cause instanceof RoomLimitError) throw new TRPCError({ code: "TOO_MANY_REQUESTS", message: cause.message, cause });
  return result;
});

const Status = z
  .object({
    /** The pod, so that one sees requests move between replicas and rollouts happen. */
    instance: z.string(),
    uptimeSeconds: z.number().int(),
    store: z.object({ kind: z.enum(["memory", "valkey"]), state: z.enum(["up", "down"]) }),
    signaling: z.enum(["up", "down", "unconfigured"]),
  })
  .meta({ id: "Status" });

const rooms = { tags: ["rooms"], protect: false };

export const appRouter = t.router({
  status: procedure
    .meta({ openapi: { method: "GET", path: "/status", tags: ["status"], protect: false, summary: "What the application is made of, and how it is" } })
    .output(Status)
    .query(async ({ ctx }) => ({
      instance: hostname(),
      uptimeSeconds: Math.floor(process.uptime()),
      store: { kind: ctx.store.kind, state: ctx.store.isReachable() ? "up" : "down" },
      signaling: await ctx.signalingState(),
    })),
  rooms: t.router({
    list: procedure
      .meta({ openapi: { ...rooms, method: "GET", path: "/rooms", summary: "Rooms, the latest activity first", errorResponses: [503] } })
      .output(z.array(Room))
      .query(({ ctx }) => ctx.store.list()),
    create: procedure
      .meta({ openapi: { ...rooms, method: "POST", path: "/rooms", summary: "Create a room", errorResponses: [400, 429, 503] } })
      .input(z.object({ name: roomName }))
      .output(Room)
      .mutation(({ ctx, input }) => ctx.store.create(input.name)),
    join: procedure
      .meta({
        openapi: { ...rooms, method: "POST", path: "/rooms/{id}/join", summary: "Join a room, which renews its time", errorResponses: [400, 404, 503] },
      })
      .input(z.object({ id: roomId }))
      .output(Room)
      .mutation(async ({ ctx, input }) => {
        const room = await ctx.store.join(input.id);
        if (!room) throw new TRPCError({ code: "NOT_FOUND", message: "there is no such room, or it has expired" });
        return room;
      }),
  }),
});

/** What the page's client is typed by. */
export type AppRouter = typeof appRouter;
