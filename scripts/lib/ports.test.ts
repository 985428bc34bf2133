import { createServer } from "node:net";
import { expect, it } from "vitest";
import { fakeShell } from "../../tests/fake-shell.ts";
import { listening } from "../../tests/listening.ts";
import { checkPorts, listeners } from "./ports.ts";

// From a Linux 6.18: a listener at 127.0.0.1:8080 (0x1F90), one at [::]:443, a connection of the first.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 45721 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000  1000        0 45990 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0`;

it("finds who listens at a port in the kernel's table, not who is connected to it", () => {
  expect(listeners(table, 8080)).toEqual([{ inode: "45721", uid: 1000 }]);
  expect(listeners(table, 443)).toEqual([{ inode: "12345", uid: 0 }]);
  expect(listeners(table, 80)).toEqual([]);
});

const wanted = (port: number) => [{ port, for: "the ingress controller", change: "take another" }];

it("names the container when Docker publishes the port, for its proxy is root's and says nothing", async () => {
  const server = createServer();
  const port = await listening(server);
  try {
    const { $ } = fakeShell([[`docker ps --filter publish=${port}`, "traefik\n"]]);
    expect(await checkPorts($, wanted(port))).toEqual([{ what: `port ${port} is taken by the container traefik`, why: "the ingress controller needs it", next: "docker stop traefik, or take another" }]);
  } finally {
    server.close();
  }
  expect(await checkPorts(fakeShell([]).$, wanted(port))).toEqual([]);
});

it("sees a listener at all addresses too, which keeps 127.0.0.1 from being taken as well", async () => {
  const server = createServer();
  const port = await listening(server, "0.0.0.0");
  try {
    expect(await checkPorts(fakeShell([]).$, wanted(port))).toMatchObject([{ what: expect.stringContaining(`port ${port} is taken`) }]);
  } finally {
    server.close();
  }
});
