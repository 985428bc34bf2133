import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../errors.ts";

// kubectl knows every way to log in (certificates, tokens, exec plugins, OIDC) and renews what expires. One that stays
// and is spoken to over HTTP is the way to have that without paying for it at each request: `kubectl get` takes 60 to
// 150 ms of processor time, the same request through the proxy about 2 ms (bench/deploy.mts shows both here), and
// watches, several requests at once and typed errors come with it. The usual client library would cost 68 packages and a
// second at start, and fails on Node 20.
// A Unix socket in a folder of our own, not a port: nobody else on the machine can use the login through it.

/** The longest path of a Unix socket that macOS takes is 103 bytes; Linux takes 107. */
const longest = 103;

// The shell between us and kubectl ends kubectl when our end of its stdin closes, which the system does even after
// kill -9; it removes the folder too, and must not end when nobody reads what it says (SIGPIPE). `detached` below keeps Ctrl-C from kubectl, which is still needed to tidy up.
const lifeline = `
exec 3<&0
kubectl --context "$1" proxy --unix-socket="$2/socket" </dev/null & proxy=$!
trap '' PIPE
{ cat <&3 >/dev/null; kill $proxy; } 2>/dev/null & reader=$!
wait $proxy; code=$?
rm -rf "$2"
kill $reader 2>/dev/null
exit $code
`;

export interface Proxy {
  readonly socketPath: string;
  /** What kubectl last said on stderr: the reason, where a login or a connection fails. */
  complaint(): string;
  close(): Promise<void>;
}

/** @throws UserError with kubectl's own words when it can't start. */
export async function startProxy(context: string, env: NodeJS.ProcessEnv = process.env): Promise<Proxy> {
  const parent = Buffer.byteLength(tmpdir()) + "/deploy-XXXXXX/socket".length > longest ? "/tmp" : tmpdir();
  // At once: whoever calls this may load modules next, and nothing that waits goes on meanwhile.
  const folder = mkdtempSync(join(parent, "deploy-"));
  const child = spawn("sh", ["-c", lifeline, "kubectl-proxy", context, folder], { detached: true, stdio: "pipe", env });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    const words = line.replace(/^[EWI]\d{4} .*?\] (Error while proxying request: )?/, "");
    if (words !== "Terminated" && !complaints.includes(words)) complaints.push(words);
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()).on("error", () => resolve()));
  child.stdin.on("error", () => {}); // it may be gone when we close it
  const close = async () => {
    child.ref();
    child.stdin.destroy();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => line.startsWith("Starting to serve") && resolve());
      child.on("error", reject);
      child.on("close", () => reject(new Error(complaints.join("\n") || "it ended at once")));
    });
  } catch (error) {
    await close();
    throw new UserError("kubectl proxy did not start", { why: (error as Error).message, next: "kubectl version --client" });
  }
  // A script that forgets to close must still end.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
  return { socketPath: join(folder, "socket"), complaint: () => complaints.slice(-4).join("\n"), close };
}
