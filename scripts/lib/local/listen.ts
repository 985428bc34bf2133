import { createServer, type Server, type Socket } from "node:net";
import { UserError } from "../errors.ts";
import { freePort } from "./ports.ts";

// Ports are bound before anything else, since URLs with their numbers are handed to the processes. Connections that
// come before the front door is there wait.

/** A port on both loopback addresses. */
export interface Bound {
  readonly port: number;
  /** Why the first choice was not taken, if it was not. */
  readonly insteadOf?: { readonly port: number; readonly why: string };
  /** Hands over all connections, those that wait too. */
  accept(receive: (socket: Socket) => void): void;
  /** Takes no more connections. */
  close(): void;
  /** Ends those that are open: browsers keep theirs. */
  disconnect(): void;
}

/** 443, or 8443 and the ports after it; 80, or 8080 and so on. */
export const httpsPorts = [443, ...sequence(8443, 100)];
export const httpPorts = [80, ...sequence(8080, 100)];

function sequence(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/**
 * Binds the first of these ports that is free on 127.0.0.1 and ::1 alike; 0 stands for any.
 * @param flag what takes another one
 * @throws UserError when none can be bound
 */
export async function bindLoopback(ports: readonly number[], flag: string): Promise<Bound> {
  let insteadOf: Bound["insteadOf"];
  for (const port of ports) {
    const result = await bind(port);
    if (!("why" in result)) return { ...result, ...(insteadOf && { insteadOf }) };
    insteadOf ??= { port, why: result.why };
  }
  throw new UserError(`port ${ports.join(", ").slice(0, 60)} can't be bound`, { why: insteadOf?.why, next: `give another one: ${flag} ${await freePort(flag, new Set(ports))}` });
}

async function bind(port: number, attempts = 5): Promise<Bound | { why: string }> {
  const waiting: Socket[] = [];
  const open = new Set<Socket>();
  let receive: (socket: Socket) => void = (socket) => waiting.push(socket);
  const take = (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    receive(socket);
  };
  const four = createServer(take);
  const failure = await listen(four, port, "127.0.0.1");
  if (failure) return { why: wordsOf(failure) };
  const bound = (four.address() as { port: number }).port;
  const six = createServer(take);
  const failed = await listen(six, bound, "::1");
  // A machine without IPv6 has nobody who would come that way.
  if (failed && !["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"].includes(failed.code ?? "")) {
    four.close();
    return port === 0 && attempts > 1 ? bind(port, attempts - 1) : { why: wordsOf(failed) };
  }
  return {
    port: bound,
    accept(handler) {
      receive = handler;
      for (const socket of waiting.splice(0)) handler(socket);
    },
    close() {
      four.close();
      six.close();
    },
    disconnect() {
      for (const socket of open) socket.destroy();
    },
  };
}

const listen = (server: Server, port: number, host: string): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    server.once("error", resolve);
    server.listen({ port, host, backlog: 511 }, () => resolve(undefined));
  });

const wordsOf = ({ code, message }: NodeJS.ErrnoException) =>
  code === "EADDRINUSE" ? "another program holds it" : code === "EACCES" ? "this user may not bind ports below 1024" : message;
