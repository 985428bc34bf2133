import { createServer, type Server } from "node:net";
import { expect, it } from "vitest";
import type { UserError } from "../errors.ts";
import { bindLoopback } from "./listen.ts";
import { freePort, isFree } from "./ports.ts";

const take = (port: number, host: string) =>
  new Promise<Server>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen({ port, host }, () => resolve(server));
  });

it("takes the next port when the first is held by another program, and knows why", async () => {
  const port = await freePort("listen test", new Set());
  const next = await freePort("listen test", new Set([port]));
  const holder = await take(port, "127.0.0.1");
  const bound = await bindLoopback([port, next], "--https-port");
  expect(bound).toMatchObject({ port: next, insteadOf: { port, why: "another program holds it" } });
  bound.close();
  holder.close();
});

it("where none can be bound, the flag comes with a port that is free", async () => {
  // As a person does who was told to once.
  const port = await freePort("--https-port", new Set());
  const holder = await take(port, "127.0.0.1");
  const refused = await bindLoopback([port], "--https-port").catch((error: UserError) => error);
  const [, advised] = /^give another one: --https-port (\d+)$/.exec("next" in refused ? refused.next! : "") ?? [];
  expect(advised).not.toBe(String(port));
  expect(await isFree(Number(advised))).toBe(true);
  holder.close();
});

it("a port that is held on one of the two addresses only is not taken", async () => {
  const port = await freePort("listen test 6", new Set());
  const holder = await take(port, "::1").catch(() => undefined);
  // A machine without IPv6 can't have the situation.
  if (!holder) return;
  await expect(bindLoopback([port], "--https-port")).rejects.toMatchObject({ why: "another program holds it" });
  expect(await isFree(port)).toBe(true);
  holder.close();
});

it("the same name gets the same port, another name another one", async () => {
  const first = await freePort("/clone/a backend", new Set());
  expect(await freePort("/clone/a backend", new Set())).toBe(first);
  expect(await freePort("/clone/a backend", new Set([first]))).not.toBe(first);
  expect(await freePort("/clone/b backend", new Set())).not.toBe(first);
});
