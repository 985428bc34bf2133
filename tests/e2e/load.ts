import https from "node:https";
import type { LookupFunction } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

export interface Target {
  readonly page: string;
  readonly backend: string;
  /** Where the ingress listens on this machine. */
  readonly port: number;
  /** PEM of what vouches for its certificate. */
  readonly ca: string;
}

export interface Counts {
  requests: number;
  /** What went wrong, each with its time: a status of 500 or more, or no answer. */
  failedRequests: string[];
  openedWebSockets: number;
  /** Closed by a close frame that says that the server goes, after which clients connect again. */
  goodbyes: number;
  /** Ended without a close frame, or with one that blames the client. */
  brokenWebSockets: string[];
  /** Did not get a connection and tried again. */
  refusedWebSockets: string[];
}

export interface Load {
  readonly counts: Counts;
  /** Resolves when so many more requests were answered and every WebSocket is open: the load goes over what is there now. */
  settle(requests?: number): Promise<void>;
  stop(): Promise<Counts>;
}

/** Browsers in small: connections that are kept and used again, and WebSockets that stay open and answer pings. */
export function startLoad({ page, backend, port, ca }: Target, { clients = 6, webSockets = 6, pauseMs = 50 } = {}): Load {
  const counts: Counts = { requests: 0, failedRequests: [], openedWebSockets: 0, goodbyes: 0, brokenWebSockets: [], refusedWebSockets: [] };
  const now = () => new Date().toISOString().slice(11, 23);
  let stopping = false;
  let open = 0;
  const address = { host: "127.0.0.1", port, ca };

  const agent = new https.Agent({ keepAlive: true, maxSockets: clients });
  const ask = (host: string, path: string) =>
    new Promise<void>((resolve) => {
      const fail = (reason: string) => (counts.failedRequests.push(`${now()} ${host}${path}: ${reason}`), resolve());
      const request = https.get({ ...address, agent, servername: host, path, headers: { host }, timeout: 10_000 }, (response) => {
        response.on("error", (error) => fail(error.message)).on("end", () => {
          counts.requests++;
          if (response.statusCode! >= 500) fail(String(response.statusCode));
          resolve();
        });
        response.resume();
      });
      request.on("timeout", () => request.destroy(new Error("no answer within 10 s"))).on("error", (error) => fail(error.message));
    });
  const paths = [
    [page, "/"],
    [backend, "/api/status"],
    [backend, "/api/rooms"],
  ] as const;
  const askers = Array.from({ length: clients }, async (_, index) => {
    for (let turn = index; !stopping; turn++) {
      const [host, path] = paths[turn % paths.length]!;
      await ask(host, path);
      await sleep(pauseMs);
    }
  });

  const listeners = Array.from({ length: webSockets }, async (_, index) => {
    while (!stopping) {
      await new Promise<void>((resolve) => {
        const socket = new WebSocket(`wss://${backend}:${port}/signaling`, { ca, lookup: loopback, headers: { host: backend }, origin: `https://${page}` } as WebSocket.ClientOptions);
        const ending = setInterval(() => stopping && socket.close(1000), 100);
        let opened = false;
        socket.on("open", () => {
          opened = true;
          open++;
          counts.openedWebSockets++;
          socket.send(JSON.stringify({ type: "join", room: `load-${index}` }));
        });
        socket.on("error", (error) => opened || counts.refusedWebSockets.push(`${now()} ${error.message}`));
        socket.on("close", (code) => {
          clearInterval(ending);
          if (opened) open--;
          if (opened && !stopping) {
            if (code === 1001 || code === 1012) counts.goodbyes++;
            else counts.brokenWebSockets.push(`${now()} closed with ${code}`);
          }
          resolve();
        });
      });
      // As the page does: not all at the same moment.
      if (!stopping) await sleep(100 + Math.random() * 400);
    }
  });

  return {
    counts,
    async settle(requests = 100) {
      const wanted = counts.requests + requests;
      const end = Date.now() + 120_000;
      while (counts.requests < wanted || open < webSockets) {
        if (Date.now() > end) throw new Error(`the load does not settle: ${wordsOf(counts)}`);
        await sleep(100);
      }
    },
    async stop() {
      stopping = true;
      await Promise.all([...askers, ...listeners]);
      agent.destroy();
      return counts;
    },
  };
}

/** @returns the counts in one line, with the first of what went wrong */
export function wordsOf({ requests, failedRequests, openedWebSockets, goodbyes, brokenWebSockets, refusedWebSockets }: Counts): string {
  const first = [...failedRequests.slice(0, 10), ...brokenWebSockets.slice(0, 10), ...refusedWebSockets.slice(0, 3)].map((line) => `\n  ${line}`).join("");
  return `${requests} requests, ${failedRequests.length} failed; ${openedWebSockets} WebSockets, ${goodbyes} goodbyes, ${brokenWebSockets.length} broken, ${refusedWebSockets.length} had to try again${first}`;
}

/** The names lead to this machine, whatever its resolver says. */
const loopback: LookupFunction = (_host, options, callback) => (options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4));
