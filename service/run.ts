import { pino, type Logger } from "pino";

/** What every service is told by PORT and HOST. */
export interface Listening {
  /** 0 takes a free one. */
  readonly port: number;
  /** Every address, IPv4 and IPv6, when left out. */
  readonly host?: string;
}

/** A service that is listening. */
export interface Running {
  /** Finishes what runs, says goodbye to who is connected, and lets go of everything; in under 10 seconds. */
  stop(): Promise<void>;
}

export interface Service<Config> {
  readonly name: string;
  /** The port when PORT is not set. */
  readonly defaultPort: number;
  /** Reads what the service needs beyond PORT, HOST and LOG_LEVEL. Each problem is one line that names its variable. */
  readonly readConfig: (env: NodeJS.ProcessEnv, problems: string[]) => Config;
  readonly start: (config: Config & Listening, log: Logger) => Promise<Running>;
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/**
 * Runs a service until SIGTERM or SIGINT, then ends the process: with 0, or with 1 when the environment has problems,
 * which are all listed, or when the service can't start.
 */
export async function run<Config>({ name, defaultPort, readConfig, start }: Service<Config>): Promise<never> {
  // Before anything else: as process 1 of a container, a signal that nobody listens for is ignored.
  const stopSignal = new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });

  const { PORT = String(defaultPort), HOST, LOG_LEVEL = "info" } = process.env;
  const problems: string[] = [];
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65535) problems.push(`PORT "${PORT}" is not a port number`);
  if (!logLevels.includes(LOG_LEVEL)) problems.push(`LOG_LEVEL "${LOG_LEVEL}" is none of ${logLevels.join(", ")}`);
  const config = readConfig(process.env, problems);
  if (problems.length > 0) {
    console.error(`${name} can't start, its environment is wrong:\n${problems.map((problem) => `  ${problem}\n`).join("")}`);
    process.exit(1);
  }

  const log = pino({
    level: LOG_LEVEL,
    base: { service: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  try {
    const running = await start({ ...config, port: Number(PORT), host: HOST || undefined }, log);
    log.info({ signal: await stopSignal }, "stopping");
    await running.stop();
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, "can't go on");
    process.exit(1);
  }
}
