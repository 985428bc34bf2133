import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { recordingLog } from "../fixtures/log.ts";
import { freePort, startValkey, valkeyCommand, type ValkeyProcess } from "../fixtures/valkey.ts";
import { createMemoryStore } from "./memory-store.ts";
import { listedRooms, newRoomId, roomId, RoomLimitError, StoreUnavailableError, type RoomLimits, type RoomStore } from "./rooms.ts";
import { createValkeyStore } from "./valkey-store.ts";

const silent = pino({ level: "silent" });
const hour = 3_600_000;

/** What both stores promise, so that development without Valkey is no other application. */
function contract(open: (limits: RoomLimits) => Promise<{ store: RoomStore; pass(ms: number): Promise<void> }>) {
  it("gives a new room a name, an id and its whole time", async () => {
    const { store } = await open({ ttlMs: hour });
    const room = await store.create("Stand-up – Größe: 10 👋");
    expect(room).toMatchObject({ name: "Stand-up – Größe: 10 👋", visits: 0 });
    expect(roomId.safeParse(room.id).success).toBe(true);
    expect(Date.parse(room.expiresAt) - Date.parse(room.createdAt)).toBe(hour);
    expect(await store.list()).toEqual([room]);
  });

  it("counts who joins and renews the room's time, at the top of the list", async () => {
    const { store, pass } = await open({ ttlMs: hour });
    const first = await store.create("first");
    await pass(5);
    const second = await store.create("second");
    expect((await store.list()).map(({ name }) => name)).toEqual(["second", "first"]);
    await pass(5);
    const joined = await store.join(first.id);
    expect(joined).toMatchObject({ id: first.id, name: "first", createdAt: first.createdAt, visits: 1 });
    expect(Date.parse(joined?.expiresAt ?? "")).toBeGreaterThan(Date.parse(second.expiresAt));
    expect(await store.list()).toEqual([joined, second]);
    expect(await store.join(first.id)).toMatchObject({ visits: 2 });
  });

  it("forgets a room whose time is over, and joining doesn't bring it back", async () => {
    const { store, pass } = await open({ ttlMs: 100 });
    const { id } = await store.create("short");
    await pass(250);
    expect(await store.list()).toEqual([]);
    expect(await store.join(id)).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  it("knows no room that nobody created", async () => {
    const { store } = await open({ ttlMs: hour });
    expect(await store.join("nothere")).toBeUndefined();
  });

  it("keeps no more rooms than it may", async () => {
    const { store } = await open({ ttlMs: hour, maximumRooms: 2 });
    await store.create("one");
    await store.create("two");
    await expect(store.create("three")).rejects.toThrow(RoomLimitError);
    expect(await store.list()).toHaveLength(2);
  });

  it("takes a new room when an old one has expired", async () => {
    const { store, pass } = await open({ ttlMs: 100, maximumRooms: 1 });
    await store.create("old");
    await pass(250);
    expect(await store.create("new")).toMatchObject({ name: "new" });
  });

  it("lists a bounded number", async () => {
    const { store } = await open({ ttlMs: hour });
    await Promise.all(Array.from({ length: listedRooms + 5 }, (_, at) => store.create(`room ${at}`)));
    expect(await store.list()).toHaveLength(listedRooms);
  });
}

describe("rooms in memory", () => {
  contract(async (limits) => {
    let now = Date.now();
    return { store: createMemoryStore({ ...limits, now: () => now }), pass: async (ms) => void (now += ms) };
  });
});

it("ids are not guessable: 50 bits, none twice", () => {
  const ids = new Set(Array.from({ length: 2000 }, newRoomId));
  expect(ids.size).toBe(2000);
  for (const id of ids) expect(id).toMatch(/^[2-9a-km-z]{10}$/);
});

describe.skipIf(!valkeyCommand)("rooms in Valkey (needs valkey-server or redis-server on the PATH)", () => {
  let valkey: ValkeyProcess;
  const stores: RoomStore[] = [];

  async function connect(url: string, limits: Partial<RoomLimits> = {}, log = silent) {
    const store = createValkeyStore({ url, ttlMs: hour, ...limits, log });
    stores.push(store);
    await vi.waitFor(() => expect(store.isReachable()).toBe(true), 5000);
    return store;
  }

  beforeAll(async () => {
    valkey = await startValkey();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await valkey.kill();
  });

  let database = 0;
  contract(async (limits) => ({ store: await connect(`${valkey.url}/${(database += 1)}`, limits), pass: (ms) => sleep(ms) }));

  it("are the same for every replica", async () => {
    const [one, other] = [await connect(`${valkey.url}/12`), await connect(`${valkey.url}/12`)];
    const room = await one.create("shared");
    expect(await other.list()).toEqual([room]);
    await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? one : other).join(room.id)));
    expect(await one.list()).toMatchObject([{ visits: 20 }]);
  });

  it("leave nothing behind in Valkey but an index", async () => {
    const store = await connect(`${valkey.url}/13`, { ttlMs: 50 });
    await store.create("short");
    await sleep(120);
    await store.create("next");
    await sleep(120);
    const { Valkey } = await import("iovalkey");
    const client = new Valkey(`${valkey.url}/13`);
    await vi.waitFor(async () => expect(await client.keys("*")).toEqual(["{rooms}:by-expiry"]), 10_000);
    expect(await client.zcard("{rooms}:by-expiry")).toBe(1);
    client.disconnect();
  });

  it("can't be had while Valkey is away, which is said at once, and can again when it is back", async () => {
    const port = await freePort();
    let own = await startValkey({ port, password: "s3cret-password" });
    const { log, lines } = recordingLog();
    const store = await connect(own.url, {}, log);
    await store.create("kept?");

    await own.kill();
    await vi.waitFor(() => expect(store.isReachable()).toBe(false), 10_000);
    const asked = performance.now();
    for (const request of [store.create("x"), store.list(), store.join("x")]) await expect(request).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(store.wasReached()).toBe(true);

    own = await startValkey({ port, password: "s3cret-password" });
    await vi.waitFor(async () => expect(await store.create("again")).toMatchObject({ name: "again" }), 10_000);
    await store.close();
    await own.kill();
    expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["connected to Valkey", "Valkey is back"]));
    // A line for the loss and one for each new reason, not one for each attempt.
    expect(lines.length).toBeLessThan(6);
    expect(JSON.stringify(lines)).not.toContain("s3cret-password");
  });

  it("fail within seconds when Valkey hangs, and work again when it goes on", async () => {
    const own = await startValkey();
    const store = await connect(own.url);
    own.freeze();
    const asked = performance.now();
    await expect(store.list()).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - asked).toBeLessThan(8000);
    // The hung connection is given up, instead of failing request after request on it.
    await vi.waitFor(() => expect(store.isReachable()).toBe(false), 8000);
    own.thaw();
    await vi.waitFor(async () => expect(await store.list()).toEqual([]), 10_000);
    await store.close();
    await own.kill();
  });

  it("are refused by a Valkey that must not write, and the log says why, once", async () => {
    const own = await startValkey({ settings: ["--min-replicas-to-write", "1"] });
    const { log, lines } = recordingLog();
    const store = await connect(own.url, {}, log);
    for (const request of [store.create("typed"), store.create("typed")]) await expect(request).rejects.toThrow(StoreUnavailableError);
    expect(await store.list()).toEqual([]);
    expect(lines.filter(({ level }) => level === 40)).toEqual([
      expect.objectContaining({ msg: "Valkey refuses what it is asked", reason: expect.stringContaining("NOREPLICAS") }),
    ]);
    await store.close();
    await own.kill();
  });

  it("are refused by a Valkey that lacks a command, and the log has none of its arguments", async () => {
    const own = await startValkey({ settings: ["--rename-command", "AUTH", "", "--rename-command", "EVAL", "", "--rename-command", "ZREVRANGE", ""] });
    const { log, lines } = recordingLog();
    const store = createValkeyStore({ url: own.url, password: "s3cret", ttlMs: hour, log });
    await vi.waitFor(() => expect(JSON.stringify(lines)).toContain("unknown command"), 5000);
    await store.close();
    const other = await connect(own.url, {}, log);
    for (const request of [other.create("typed"), other.list()]) await expect(request).rejects.toThrow(StoreUnavailableError);
    expect(lines.filter(({ msg }) => msg === "Valkey refuses what it is asked")).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toMatch(/s3cret|typed|redis\.call|by-expiry/);
    await other.close();
    await own.kill();
  });

  it("are never reached with a wrong password, and the log says why without saying the password", async () => {
    // Letters that mean something in a URL: a password beside it is taken as it is.
    const own = await startValkey({ password: "p@ss/w:rd%", passwordInUrl: false });
    const { log, lines } = recordingLog();
    const store = createValkeyStore({ url: own.url, password: "wr0ng-one", ttlMs: hour, log });
    await vi.waitFor(() => expect(JSON.stringify(lines)).toMatch(/WRONGPASS/), 5000);
    expect(store.wasReached()).toBe(false);
    await expect(store.list()).rejects.toThrow(StoreUnavailableError);
    await store.close();
    expect(JSON.stringify(lines)).not.toContain("wr0ng-one");

    const right = createValkeyStore({ url: own.url, password: "p@ss/w:rd%", ttlMs: hour, log });
    await vi.waitFor(() => expect(right.isReachable()).toBe(true), 5000);
    await right.close();
    await own.kill();
  });
});
