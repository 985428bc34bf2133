import { createHash } from "node:crypto";
import { createServer } from "node:net";

// Below the ports that systems hand out for outgoing connections (Linux from 32768, macOS from 49152), so that none of
// those takes one between the look and the start.
const first = 20_000;
const last = 31_999;

/**
 * Finds a free port of 127.0.0.1. The search starts at a place that follows from the name: the same clone gets the same
 * ports each time (Vite keeps a cache for each), and two clones hardly ever meet.
 * @param name of what the port is for, with the project's folder
 * @param taken ports given to others a moment ago
 */
export async function freePort(name: string, taken: ReadonlySet<number>): Promise<number> {
  const count = last - first + 1;
  const start = createHash("sha256").update(name).digest().readUInt32BE() % count;
  for (let offset = 0; offset < count; offset++) {
    const port = first + ((start + offset) % count);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${first} to ${last} is free`);
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
