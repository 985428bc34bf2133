import { spawn } from "node:child_process";
import { get as httpGet } from "node:http";
import { connect } from "node:net";
import type { IProbe } from "kubernetes-models/v1/Probe";
import type { PlannedProcess } from "./plan.ts";

/** `refused`: nothing listens, so it is about to start or gone. */
export type Answer = "ok" | "refused" | { readonly wrong: string };

/**
 * Asks once, as the kubelet does; without a probe, a port that accepts connections is enough.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/probes/
 */
export function probeOnce(probe: IProbe | undefined, process: PlannedProcess, cwd: string, environment: NodeJS.ProcessEnv): Promise<Answer> {
  const timeout = (probe?.timeoutSeconds ?? 1) * 1000;
  const resolvePort = (port: number | string) => {
    const declared = typeof port === "number" ? port : (process.portNames[port] ?? Number(port));
    return process.ports[declared] ?? declared;
  };
  if (probe?.exec) return execute(probe.exec.command ?? [], cwd, environment, timeout);
  if (probe?.httpGet) return http(probe.httpGet, resolvePort(probe.httpGet.port as number | string), timeout);
  const wanted = probe?.tcpSocket?.port ?? probe?.grpc?.port;
  const [first] = Object.values(process.ports);
  const port = wanted === undefined ? first : resolvePort(wanted as number | string);
  return port === undefined ? Promise.resolve("ok") : tcp(port, timeout);
}

/** @returns the probe that says whether requests are wanted: readiness where there is one, else what start-up asks */
export const readinessOf = ({ readiness, startup }: PlannedProcess): IProbe | undefined => readiness ?? startup;

function tcp(port: number, timeout: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setTimeout(timeout, () => end({ wrong: "timed out" }));
    socket.once("connect", () => end("ok"));
    socket.once("error", (error) => end(explain(error)));
    const end = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
  });
}

type HttpGet = NonNullable<IProbe["httpGet"]>;

function http({ path = "/", httpHeaders = [], scheme }: HttpGet, port: number, timeout: number): Promise<Answer> {
  // A process that speaks TLS by itself is rare: that it listens has to do.
  if (scheme === "HTTPS") return tcp(port, timeout);
  return new Promise((resolve) => {
    const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
    const request = httpGet({ host: "127.0.0.1", port, path, timeout, agent: false, headers: { "user-agent": "kube-probe/local", ...headers } }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400 ? "ok" : { wrong: `answered ${statusCode} at ${path}` });
    });
    request.once("timeout", () => {
      resolve({ wrong: `did not answer at ${path} within ${timeout / 1000} s` });
      request.destroy();
    });
    request.once("error", (error) => resolve(explain(error)));
  });
}

function execute(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv, timeout: number): Promise<Answer> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, timeout, stdio: "ignore" });
    child.once("error", (error) => resolve({ wrong: error.message }));
    child.once("exit", (code) => resolve(code === 0 ? "ok" : { wrong: `${program} ended with ${code ?? "a signal"}` }));
  });
}

const explain = (error: NodeJS.ErrnoException): Answer => (error.code === "ECONNREFUSED" ? "refused" : { wrong: error.message });
