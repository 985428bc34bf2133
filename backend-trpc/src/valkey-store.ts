import { ReplyError, Valkey } from "iovalkey";
import type { Logger } from "pino";
import { listedRooms, newRoomId, RoomLimitError, StoreUnavailableError, type Room, type RoomLimits, type RoomStore } from "./rooms.ts";

// One hash per room, which Valkey removes by itself, and an index of ids by expiry. The braces put all of it into one
// slot, so that the scripts work on a cluster as well. Scripts, because each of them must see rooms and index at one
// moment, and with Valkey's clock, because replicas of this service may disagree about the time.
const index = "{rooms}:by-expiry";
const key = (id: string) => `{rooms}:${id}`;

const timeInMs = `local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS: index, room. ARGV: id, name, ttl, limit. Nil when there are too many rooms. */
const createScript = `${timeInMs}
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
if redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[4]) then return nil end
local expires = now + ARGV[3]
redis.call("HSET", KEYS[2], "name", ARGV[2], "createdAt", now, "expiresAt", expires, "visits", 0)
redis.call("PEXPIREAT", KEYS[2], expires)
redis.call("ZADD", KEYS[1], expires, ARGV[1])
return redis.call("HGETALL", KEYS[2])`;

/** KEYS: index, room. ARGV: id, ttl. Empty when the room is gone: a plain HINCRBY would bring half of it back. */
const joinScript = `if redis.call("EXISTS", KEYS[2]) == 0 then return {} end
${timeInMs}
local expires = now + ARGV[2]
redis.call("HINCRBY", KEYS[2], "visits", 1)
redis.call("HSET", KEYS[2], "expiresAt", expires)
redis.call("PEXPIREAT", KEYS[2], expires)
redis.call("ZADD", KEYS[1], expires, ARGV[1])
return redis.call("HGETALL", KEYS[2])`;

/** How long a caller waits for Valkey before it learns that there is none. */
const answerWithinMs = 2000;

export interface ValkeyStoreOptions extends RoomLimits {
  /** redis://, rediss://, valkey:// or valkeys://, with a password or without. */
  readonly url: string;
  /** As it is, not as URLs write it; one in the URL goes before it. */
  readonly password?: string;
  readonly log: Logger;
}

/**
 * Keeps rooms in Valkey, or Redis, for every replica. Connects in the background and again after each loss; while there
 * is no connection, requests fail at once instead of piling up.
 */
export function createValkeyStore({ url, password, ttlMs, maximumRooms = 1000, log }: ValkeyStoreOptions): RoomStore {
  const client = new Valkey(url, {
    password,
    connectTimeout: answerWithinMs,
    commandTimeout: answerWithinMs,
    // Without this, a connection whose other end vanished silently is only given up by TCP, after a quarter of an hour.
    socketTimeout: answerWithinMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A create whose answer was lost may have happened: sending it again would make a second room.
    autoResendUnfulfilledCommands: false,
    // Spread, or all replicas come back at the same moment.
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2000) * (0.5 + Math.random() / 2),
  });
  const { hostname, port } = new URL(url);
  const server = `${hostname}:${port || 6379}`;

  let wasReached = false;
  const reported = new Set<string>();
  const refusals = new Set<string>();
  client.on("ready", () => {
    log.info({ server }, wasReached ? "Valkey is back" : "connected to Valkey");
    wasReached = true;
    reported.clear();
    refusals.clear();
  });
  // Each reason is told once, not at every attempt.
  client.on("error", (error: Error) => {
    const reason = reasonOf(error);
    if (!reported.has(reason)) log.warn({ server, reason }, "Valkey is not reachable, trying again");
    reported.add(reason);
  });
  client.on("close", () => {
    if (wasReached && reported.size === 0) log.warn({ server }, "lost the connection to Valkey, trying again");
    reported.add("");
  });

  async function ask<T>(command: Promise<T>): Promise<T> {
    try {
      return await command;
    } catch (cause) {
      throw unavailable(cause as Error);
    }
  }

  function unavailable(cause: Error): StoreUnavailableError {
    // An answer, such as that its disk is full or that it is a replica. When there is none, the connection's end says why.
    const refused = cause instanceof ReplyError;
    const reason = reasonOf(cause);
    if (refused && !refusals.has(reason)) log.warn({ server, reason }, "Valkey refuses what it is asked");
    if (refused) refusals.add(reason);
    return new StoreUnavailableError(`Valkey at ${server} ${refused ? "refuses" : "does not answer"}`, { cause });
  }

  function present(id: string, fields: Record<string, string>): Room {
    return {
      id,
      name: fields.name ?? "",
      createdAt: new Date(Number(fields.createdAt)).toISOString(),
      expiresAt: new Date(Number(fields.expiresAt)).toISOString(),
      visits: Number(fields.visits),
    };
  }

  /** Scripts answer with a flat list of names and values. */
  function fieldsOf(flat: string[]): Record<string, string> {
    return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
  }

  return {
    kind: "valkey",
    isReachable: () => client.status === "ready",
    wasReached: () => wasReached,
    async create(name) {
      const id = newRoomId();
      const created = await ask(client.eval(createScript, 2, index, key(id), id, name, ttlMs, maximumRooms));
      if (!created) throw new RoomLimitError(`there are ${maximumRooms} rooms already`);
      return present(id, fieldsOf(created as string[]));
    },
    async list() {
      const ids = await ask(client.zrevrange(index, 0, listedRooms - 1));
      const commands = client.pipeline();
      for (const id of ids) commands.hgetall(key(id));
      const answers = (await ask(commands.exec())) ?? [];
      return ids.flatMap((id, at) => {
        const [error, fields] = answers[at] ?? [];
        if (error) throw unavailable(error);
        // The index may still name a room that has expired.
        return Object.keys(fields as object).length > 0 ? [present(id, fields as Record<string, string>)] : [];
      });
    },
    async join(id) {
      const joined = (await ask(client.eval(joinScript, 2, index, key(id), id, ttlMs))) as string[];
      return joined.length > 0 ? present(id, fieldsOf(joined)) : undefined;
    },
    async close() {
      // This loss is no news.
      reported.add("");
      client.disconnect();
    },
  };
}

/** A command that the server doesn't know is told with its arguments, and those of AUTH are the password. */
const reasonOf = ({ message }: Error) => message.replace(/, with args beginning with.*/s, "");
