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
  /** What went wrong, each with its time: another status than 200, no answer, or a page without its script or style sheet. */
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

/** What a browser keeps. */
interface Browser {
  /** One connection to each host, as with HTTP/2. */
  readonly agent: https.Agent;
  /** The page's. */
  readonly cookies: Map<string, string>;
}

/** Browsers in small: connections and cookies that are kept and used again, and WebSockets that stay open and answer pings. */
export function startLoad({ page, backend, port, ca }: Target, { clients = 6, webSockets = 6, pauseMs = 50 } = {}): Load {
  const counts: Counts = { requests: 0, failedRequests: [], openedWebSockets: 0, goodbyes: 0, brokenWebSockets: [], refusedWebSockets: [] };
  const now = () => new Date().toISOString().slice(11, 23);
  let stopping = false;
  let open = 0;
  const address = { host: "127.0.0.1", port, ca };

  const ask = ({ agent, cookies }: Browser, host: string, path: string) =>
    new Promise<{ status?: number; text: string }>((resolve) => {
      const fail = (reason: string) => (counts.failedRequests.push(`${now()} ${host}${path}: ${reason}`), resolve({ text: "" }));
      const cookie = host === page ? [...cookies].map((pair) => pair.join("=")).join("; ") : "";
      const request = https.get({ ...address, agent, servername: host, path, headers: { host, ...(cookie && { cookie }) }, timeout: 10_000 }, (response) => {
        const { statusCode: status, headers } = response;
        let text = "";
        for (const [, name, value] of headers["set-cookie"]?.map((line) => /^([^=]+)=([^;]*)/.exec(line)!) ?? []) if (host === page) cookies.set(name!, value!);
        response.setEncoding("utf8").on("data", (part) => (text += part));
        response.on("error", (error) => fail(error.message)).on("end", () => {
          counts.requests++;
          // A file of another build is looked for a second time; anything else that is not there is a failure.
          if (status !== 200 && !(status === 404 && path.startsWith("/assets/"))) fail(String(status));
          resolve({ status, text });
        });
      });
      request.on("timeout", () => request.destroy(new Error("no answer within 10 s"))).on("error", (error) => fail(error.message));
    });
  /** Loads the page with its script and style sheet. @returns what the server does not have */
  const missing = async (browser: Browser): Promise<string | undefined> => {
    const { status, text } = await ask(browser, page, "/");
    const files = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file!);
    if (status === 200 && files.length < 2) return "/ names no script or no style sheet";
    for (const file of files) if ((await ask(browser, page, file)).status === 404) return `${file}: 404`;
    return undefined;
  };
  const visits = [
    // A pod can go in the moment between the page and its files. Then, and only then, loading it again helps.
    async (browser: Browser) => {
      const reason = (await missing(browser)) && (await missing(browser));
      if (reason) counts.failedRequests.push(`${now()} ${page}${reason}, also when loaded again`);
    },
    (browser: Browser) => ask(browser, backend, "/api/status"),
    (browser: Browser) => ask(browser, backend, "/api/rooms"),
  ];
  const askers = Array.from({ length: clients }, async (_, index) => {
    const browser = { agent: new https.Agent({ keepAlive: true, maxSockets: 1 }), cookies: new Map<string, string>() };
    for (let turn = index; !stopping; turn++) {
      await visits[turn % visits.length]!(browser);
      await sleep(pauseMs);
    }
    browser.agent.destroy();
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
