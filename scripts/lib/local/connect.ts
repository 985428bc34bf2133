import { Agent } from "node:http";
import { connect, type Socket } from "node:net";

type Connected = (error: Error | null, socket?: Socket) => void;

/** What a connection may wait for. */
export interface Patience {
  /** How long a refused connection is tried again: while a watcher reloads its program, nothing listens. */
  readonly refusedMs: () => number;
}

/**
 * An agent that keeps connections and, when one is refused, tries again for a while. The request waits as a whole, with
 * its body, so that nothing has to be sent twice.
 */
export function patientAgent({ refusedMs }: Patience): Agent {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const createConnection = (options: { port: number }, connected: Connected) => {
    const deadline = performance.now() + refusedMs();
    const attempt = () => {
      const socket = connect({ host: "127.0.0.1", port: options.port, noDelay: true });
      const refused = (error: NodeJS.ErrnoException) => {
        if (error.code !== "ECONNREFUSED" || performance.now() > deadline) return connected(error);
        setTimeout(attempt, 10);
      };
      socket.once("error", refused);
      socket.once("connect", () => {
        socket.off("error", refused);
        connected(null, socket);
      });
    };
    attempt();
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}
