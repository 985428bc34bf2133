import { randomBytes } from "node:crypto";
import { z } from "zod";

export const roomId = z
  .string()
  .regex(/^[a-z0-9]{1,32}$/, "a room's id has letters and digits only")
  .meta({ description: "The room's id", example: "k3v9qcx2mt" });

export const roomName = z
  .string()
  .trim()
  .min(1, "a room needs a name")
  .max(60, "a room's name has 60 characters at the most")
  .meta({ description: "What people call the room", example: "Stand-up" });

export const Room = z
  .object({
    id: roomId,
    name: roomName,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().meta({ description: "When the room goes, unless somebody joins before" }),
    visits: z.number().int().nonnegative().meta({ description: "How often somebody joined" }),
  })
  .meta({ id: "Room" });
export type Room = z.infer<typeof Room>;

export interface RoomLimits {
  /** How long a room lives after it was created or last joined. */
  readonly ttlMs: number;
  /** How many there can be at the same time, so that a flood of them can't fill the store. @default 1000 */
  readonly maximumRooms?: number;
}

/** Rooms that a list shows: those with the most recent activity. */
export const listedRooms = 100;

/** Where rooms are kept. Every method throws {@link StoreUnavailableError} when the store can't be reached. */
export interface RoomStore {
  readonly kind: "memory" | "valkey";
  /** Whether the store can be reached now. */
  isReachable(): boolean;
  /** Whether it ever could be, so that its address and password are right. */
  wasReached(): boolean;
  /** @throws RoomLimitError when there are as many as there can be. */
  create(name: string): Promise<Room>;
  /** @returns the rooms that have not expired, the latest activity first. */
  list(): Promise<Room[]>;
  /** Counts a visit and lets the room live for its full time again; undefined when there is none, or none any more. */
  join(id: string): Promise<Room | undefined>;
  close(): Promise<void>;
}

export class StoreUnavailableError extends Error {
  override name = "StoreUnavailableError";
}

export class RoomLimitError extends Error {
  override name = "RoomLimitError";
}

/** @returns an id that nobody guesses (50 bits), short enough to read out. No letters that look alike. */
export function newRoomId(): string {
  const letters = "23456789abcdefghijkmnpqrstuvwxyz";
  return Array.from(randomBytes(10), (byte) => letters[byte % letters.length]).join("");
}
