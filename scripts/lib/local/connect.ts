import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import Pool from "undici/lib/dispatcher/pool.js";

// Connections to the processes. They are kept, and when one is refused it is tried again for a while: the request waits
// as a whole, with its body, so that nothing has to be sent twice.

/** What a connection may wait for. */
export interface Patience {
  /** How long a refused connection is tried again: while a watcher reloads its program, nothing listens. */
  readonly refusedMs: () => number;
}

/** For requests. As many connections as are asked for; none is ever late, for somebody may sit at a breakpoint. */
export function patientPool(port: number, patience: Patience): Pool {
  return new Pool(`http://127.0.0.1:${port}`, {
    ...{ headersTimeout: 0, bodyTimeout: 0 },
    connect: (_options, connected) => connectPatiently(port, patience, (error, socket) => (socket ? connected(null, socket) : connected(error!, null))),
  });
}

/** For what goes by node:http: WebSockets. */
export function patientAgent(port: number, patience: Patience): Agent {
  const createConnection = (_options: unknown, connected: Connected) => void connectPatiently(port, patience, connected);
  return Object.assign(new Agent(), { createConnection });
}

type Connected = (error: Error | null, socket?: Socket) => void;

function connectPatiently(port: number, { refusedMs }: Patience, connected: Connected): void {
  const deadline = performance.now() + refusedMs();
  const attempt = () => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
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
}
