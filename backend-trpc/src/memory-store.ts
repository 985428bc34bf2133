import { listedRooms, newRoomId, RoomLimitError, type Room, type RoomLimits, type RoomStore } from "./rooms.ts";

export interface MemoryStoreOptions extends RoomLimits {
  /** The clock. @default Date.now */
  readonly now?: () => number;
}

/** Keeps rooms in this process: for development and tests. They go when it stops, and a second replica has its own. */
export function createMemoryStore({ ttlMs, maximumRooms = 1000, now = Date.now }: MemoryStoreOptions): RoomStore {
  interface Entry {
    name: string;
    createdAt: number;
    expiresAt: number;
    visits: number;
  }
  // Joining moves a room to the end, so the order is that of expiry.
  const rooms = new Map<string, Entry>();

  function removeExpired() {
    for (const [id, room] of rooms) {
      if (room.expiresAt > now()) break;
      rooms.delete(id);
    }
  }

  const present = (id: string, { name, createdAt, expiresAt, visits }: Entry): Room => ({
    id,
    name,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    visits,
  });

  return {
    kind: "memory",
    isReachable: () => true,
    wasReached: () => true,
    async create(name) {
      removeExpired();
      if (rooms.size >= maximumRooms) throw new RoomLimitError(`there are ${maximumRooms} rooms already`);
      const id = newRoomId();
      const room = { name, createdAt: now(), expiresAt: now() + ttlMs, visits: 0 };
      rooms.set(id, room);
      return present(id, room);
    },
    async list() {
      removeExpired();
      return [...rooms].reverse().slice(0, listedRooms).map(([id, room]) => present(id, room));
    },
    async join(id) {
      removeExpired();
      const room = rooms.get(id);
      if (!room) return undefined;
      rooms.delete(id);
      const joined = { ...room, visits: room.visits + 1, expiresAt: now() + ttlMs };
      rooms.set(id, joined);
      return present(id, joined);
    },
    async close() {},
  };
}
