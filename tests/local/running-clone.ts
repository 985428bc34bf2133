import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { request, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import { copyCheckout, run, shellEnvironment, type Result } from "../child.ts";

/** Long enough for a small machine that does several things at once. */
export const patience = { timeout: 90_000, interval: 50 };

const typeScript = process.features.typescript ? [] : ["--import", "tsx"];

/** A copy of the project in a folder with an odd name, with a CA of its own. */
export class RunningClone implements Disposable {
  readonly folder: string;
  readonly authorityFolder: string;
  readonly #parent = mkdtempSync(join(tmpdir(), "local-"));
  readonly #running = new Set<Application>();

  constructor() {
    this.folder = join(this.#parent, "mein Projekt é");
    this.authorityFolder = join(this.#parent, "authority");
    mkdirSync(this.folder);
    copyCheckout(this.folder);
    copyPackages(join(process.cwd(), "node_modules"), join(this.folder, "node_modules"));
  }

  env(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return shellEnvironment({ LOCAL_CA_FOLDER: this.authorityFolder, ...changes });
  }

  /** Starts the application on ports that are free. */
  start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Application {
    const command = [...typeScript, "scripts/dev.mts", "--https-port", "0", "--http-port", "0", ...args];
    const application = new Application(this, spawn(process.execPath, command, { cwd: this.folder, env: this.env(env) }));
    this.#running.add(application);
    return application;
  }

  /** Runs the script to its end. */
  script(...args: string[]): Promise<Result> {
    return run(process.execPath, [...typeScript, "scripts/dev.mts", ...args], { cwd: this.folder, env: this.env() });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  edit(path: string, change: (text: string) => string): void {
    const before = readFileSync(join(this.folder, path), "utf8");
    const after = change(before);
    if (after === before) throw new Error(`nothing to edit in ${path}`);
    this.write(path, after);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** The CA's certificate. */
  get authority(): string {
    return readFileSync(join(this.authorityFolder, "ca.pem"), "utf8");
  }

  /** @returns what still runs of this clone: process numbers and commands */
  processes(): string[] {
    if (process.platform !== "linux")
      return execFileSync("ps", ["-axo", "pid=,command="], { encoding: "utf8" }).split("\n").filter((line) => line.includes(this.folder));
    return readdirSync("/proc").flatMap((pid) => {
      try {
        if (!/^\d+$/.test(pid) || !readlinkSync(`/proc/${pid}/cwd`).startsWith(this.folder)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`];
      } catch {
        return [];
      }
    });
  }

  async stop(): Promise<void> {
    for (const application of this.#running) await application.stop();
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#running) child.kill("SIGKILL");
    rmSync(this.#parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}

/** Links where the file system can: it's there in a second, and takes no room. */
function copyPackages(from: string, to: string): void {
  try {
    execFileSync("cp", ["-al", from, to], { stdio: "ignore" });
  } catch {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
  // Caches of the original's runs.
  rmSync(join(to, ".cache"), { recursive: true, force: true });
  rmSync(join(to, ".vite"), { recursive: true, force: true });
}

export interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** One `npm start`. */
export class Application {
  stdout = "";
  stderr = "";
  readonly #clone: RunningClone;
  readonly child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(clone: RunningClone, child: ChildProcess) {
    this.#clone = clone;
    this.child = child;
    child.stdout!.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    this.#ended = once(child, "close").then(([code]) => code as number | null);
  }

  /** @throws with all that was said, when the text does not come */
  async says(text: string | RegExp, in_: "stdout" | "stderr" = "stderr"): Promise<void> {
    await vi.waitFor(() => {
      const said = this[in_];
      if (typeof text === "string" ? said.includes(text) : text.test(said)) return;
      throw new Error(`did not say ${text} on ${in_}:\n${this.stderr.slice(-3000)}\n${this.stdout.slice(-3000)}`);
    }, patience);
  }

  ready(): Promise<void> {
    return this.says("Ready after");
  }

  get httpsPort(): number {
    return Number(/https:\/\/dev\.localhost:(\d+)/.exec(this.stderr)?.[1] ?? JSON.parse(this.#clone.read(".local/running.json")).urls[0].url.split(":").at(-1));
  }

  /** Asks over HTTPS; certificates are verified against the clone's CA, and the names need no resolver. */
  ask(host: string, path = "/", options: RequestOptions & { body?: string; family?: 4 | 6 } = {}): Promise<Reply> {
    const { body, family = 4, ...rest } = options;
    return new Promise((resolve, reject) => {
      const asked = request(
        { path, ca: this.#clone.authority, agent: false, servername: host, host: family === 4 ? "127.0.0.1" : "::1", port: this.httpsPort, timeout: 30_000, ...rest, headers: { host: `${host}:${this.httpsPort}`, ...rest.headers } },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
          response.on("error", reject).on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
        },
      );
      asked.on("timeout", () => asked.destroy(new Error("no answer")));
      asked.on("error", reject).end(body);
    });
  }

  get status(): { pid: number; urls: { url: string; process: string }[]; processes: { name: string; state: string; pid: number; ports: number[]; restarts: number }[] } {
    return JSON.parse(this.#clone.read(".local/running.json"));
  }

  process(name: string) {
    return this.status.processes.find((one) => one.name === name)!;
  }

  /** @returns the exit code */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.#ended;
  }
}
