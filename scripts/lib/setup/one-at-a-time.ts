import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { project } from "./cluster-settings.ts";
import { UserError } from "../errors.ts";

/**
 * Keeps two scripts from making and removing one cluster at the same time, until this process ends. A socket, not a file
 * with a number in it: it falls silent with its process, however that ends.
 * @throws UserError that names the process which is at it
 */
export async function oneAtATime(cluster: string, folder = tmpdir()): Promise<Server> {
  // Short, for a socket's path has 104 bytes at most on macOS, and its folder of temporary files takes half of them.
  const name = createHash("sha256").update(`${project} ${userInfo().username} ${cluster}`).digest("hex").slice(0, 12);
  const path = join(folder, `${name}.sock`);
  const server = createServer((client) => client.on("error", () => {}).end(String(process.pid)));
  for (let attempt = 1; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ path }, resolve));
      server.unref();
      process.once("exit", () => rmSync(path, { force: true }));
      return server;
    } catch (error) {
      const holder = (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? await ask(path) : undefined;
      const running = `setup or teardown of the cluster ${cluster} runs already`;
      if (holder === suspended)
        throw new UserError(`${running} and is suspended; nothing was changed`, { why: "it does not answer", next: "fg   in its terminal, then wait for it or interrupt it with Ctrl-C" });
      if (holder !== undefined) throw new UserError(`${running}; nothing was changed`, { why: `as process ${holder}`, next: "wait for it, or interrupt it with Ctrl-C" });
      if (attempt === 3) throw error;
      rmSync(path, { force: true });
    }
  }
}

const suspended = Symbol("suspended");

/** @returns what the one at a socket says, undefined when nobody is there any more */
const ask = (path: string): Promise<string | typeof suspended | undefined> =>
  new Promise((resolve) => {
    let text = "";
    const socket = connect({ path })
      .on("data", (data) => (text += data))
      .on("end", () => resolve(text))
      .on("error", () => resolve(undefined))
      // The system connects for a process that was stopped (Ctrl-Z).
      .setTimeout(2000, () => (socket.destroy(), resolve(suspended)));
  });
