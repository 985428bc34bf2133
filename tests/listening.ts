import type { AddressInfo, Server } from "node:net";

/** @returns the port that a server listens at from now on */
export const listening = (server: Server, host = "127.0.0.1"): Promise<number> =>
  new Promise((resolve, reject) => server.once("error", reject).listen(0, host, () => resolve((server.address() as AddressInfo).port)));
