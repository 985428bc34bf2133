import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decider, urlsOf, variableNames } from "./decide.ts";
import { inheritedEnvironment } from "./environment.ts";
import type { FrontDoor } from "./front-door.ts";
import { startGuard, startOf } from "./groups.ts";
import { bindLoopback, httpPorts, httpsPorts, type Bound } from "./listen.ts";
import { logFile, openLogs, type Logs } from "./logs.ts";
import type { Plan, PlannedProcess } from "./plan.ts";
import { rendered } from "./rendered.ts";
import { sayEvent, sayPlan, sayReady } from "./report.ts";
import { killContainers, removeContainers, type Session, type SessionState } from "./session.ts";
import { supervise, type Event, type Supervised } from "./supervise.ts";

export interface RunOptions {
  /** The project's folder. */
  readonly root: string;
  /** The one folder that is written to. */
  readonly folder: string;
  readonly only?: readonly string[];
  readonly shown?: readonly string[];
  readonly json: boolean;
  readonly httpsPort?: number;
  readonly httpPort?: number;
}

/** The application as processes of this machine. */
export interface Runner {
  /**
   * Starts what the manifests of `local` describe. Processes come first; what they don't need is loaded meanwhile.
   * @returns the fingerprint of what was started, as `rendered` gives it
   * @throws UserError for manifests that can't be run, and when no port can be bound
   */
  start(): Promise<string | undefined>;
  /** Renders the manifests anew and restarts what differs. @throws UserError for broken ones; all runs on then */
  update(): Promise<void>;
  /** Ends every process and all that it started, in whatever phase. */
  stop(): Promise<void>;
  /** The same without asking. */
  kill(): void;
}

export function createRunner({ root, folder, json, ...options }: RunOptions, session: Session): Runner {
  const begun = performance.now();
  const startedAt = new Date().toISOString();
  const colours = Boolean(process.stdout.isTTY) && !process.env["NO_COLOR"];
  const guard = startGuard();
  const running = new Map<string, Supervised>();
  const decide = decider(root, folder, { path: process.env["PATH"] ?? "", only: options.only, shown: options.shown });
  let inherited: NodeJS.ProcessEnv = {};
  let plan: Plan = { processes: [], missing: [], leftOut: [], routes: [], tlsHosts: [], notices: [], problems: [] };
  let https: Bound | undefined;
  let http: Bound | undefined;
  let logs: Logs | undefined;
  let door: FrontDoor | undefined;
  let announced = false;
  let stopping = false;
  let stopped = false;
  let saving: NodeJS.Immediate | undefined;

  function save() {
    saving ??= setImmediate(() => {
      saving = undefined;
      if (!stopping) session.write(stateOf());
    });
  }

  function stateOf(): SessionState {
    const processes = [...running.values()].map(({ process: { name, ports, docker }, state, pid, since, restarts, ended }) => ({
      ...{ name, state, pid, restarts, docker, note: ended, since: since.toISOString(), ports: Object.values(ports), log: logFile(join(folder, "logs"), name) },
      start: pid === undefined ? undefined : startOf(pid),
    }));
    const missing = plan.missing.map(({ name, why }) => ({ name, state: "missing", ports: [], restarts: 0, log: "", note: why }));
    return { pid: process.pid, startedAt, urls: urls(), processes: [...processes, ...missing] };
  }
  const urls = () => urlsOf(plan, https!.port, http!.port);

  function startProcess(planned: PlannedProcess) {
    prepare(planned);
    const { name } = planned;
    const log = logs!.logOf(name);
    const onEvent = (event: Event) => {
      if (stopping) return;
      if (json) process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), process: name, event })}\n`);
      sayEvent(planned, event, log);
      if (event.kind === "ready") announce();
    };
    running.set(name, supervise(planned, { root, env: inherited, log, guard, onEvent, onChange: save }));
  }

  function announce() {
    if (announced || !door || ![...running.values()].every(({ state }) => state === "ready")) return;
    announced = true;
    sayReady({ urls: urls(), seconds: (performance.now() - begun) / 1000, https: https!, http: http!, folder, root });
  }

  async function certificateOf({ tlsHosts }: Plan) {
    const { certificateFor } = await import("./certificate.ts");
    return certificateFor(tlsHosts.length > 0 ? tlsHosts : ["localhost"], folder);
  }

  const containers = () => plan.processes.flatMap(({ docker }) => docker ?? []);

  function close() {
    https?.close();
    http?.close();
  }

  function disconnect() {
    https?.disconnect();
    http?.disconnect();
  }

  return {
    async start() {
      https = await bindLoopback(options.httpsPort === undefined ? httpsPorts : [options.httpsPort], "--https-port");
      http = await bindLoopback(options.httpPort === undefined ? httpPorts : [options.httpPort], "--http-port");
      if (stopping) {
        // `stop` found nothing to close.
        close();
        disconnect();
        return undefined;
      }
      const made = await rendered(root, https.port, folder);
      inherited = inheritedEnvironment(process.env, variableNames(made), root, colours);
      plan = await decide(made);
      if (stopping) return undefined;
      logs = openLogs({
        ...{ folder: join(folder, "logs"), names: plan.processes.map(({ name }) => name), colours, json, shown: options.shown },
        print: (text) => void process.stdout.write(text),
      });
      for (const { path, fresh } of plan.processes.flatMap(({ mounts }) => mounts.folders)) if (fresh) rmSync(path, { recursive: true, force: true });
      for (const planned of plan.processes) startProcess(planned);
      session.write(stateOf());
      sayPlan(plan);

      const [{ openFrontDoor }, issued] = await Promise.all([import("./front-door.ts"), certificateOf(plan)]);
      if (stopping) return undefined;
      door = openFrontDoor(https, http, issued, {
        routes: () => plan.routes,
        processNamed: (name) => running.get(name),
        whyMissing: (name) => plan.missing.find((missing) => missing.name === name)?.why,
      });
      announce();
      return made.fingerprint;
    },

    async update() {
      const next = await decide(await rendered(root, https!.port, folder));
      // Before anything is touched: the CA may refuse a host.
      const issued = String(next.tlsHosts) === String(plan.tlsHosts) ? undefined : await certificateOf(next);
      if (stopping) return;
      const wanted = new Map(next.processes.map((planned) => [planned.name, planned]));
      const changed = [...running.values()].filter(({ process }) => JSON.stringify(wanted.get(process.name)) !== JSON.stringify(process));
      plan = next;
      await Promise.all(
        changed.map(async (supervised) => {
          const { name } = supervised.process;
          await supervised.stop();
          const planned = wanted.get(name);
          if (planned && !stopping) startProcess(planned);
          else running.delete(name);
        }),
      );
      for (const planned of next.processes) if (!running.has(planned.name) && !stopping) startProcess(planned);
      if (issued) door?.setCertificate(issued);
      save();
    },

    async stop() {
      stopping = true;
      close();
      await Promise.all([...running.values()].map((supervised) => supervised.stop()));
      await removeContainers(containers());
      // After the processes, so that they can say goodbye over their WebSockets.
      disconnect();
      stopped = true;
      guard.dismiss();
      logs?.close();
      session.end();
    },

    kill() {
      if (stopped) return;
      killContainers(containers());
      for (const supervised of running.values()) supervised.kill();
    },
  };
}

function prepare({ mounts }: PlannedProcess): void {
  for (const { path, files = {} } of mounts.folders) {
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text, { mode: 0o600 });
    }
  }
}
