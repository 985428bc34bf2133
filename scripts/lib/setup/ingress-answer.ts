import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Cluster } from "../cluster.ts";
import { until } from "../waiting.ts";

/** A name that no Ingress claims. */
const unclaimed = "setup-trial.invalid";

/** Asks the controller's webhook whether an Ingress would be taken, and leaves none. */
export const acceptsIngresses = (cluster: Cluster, ingressClassName: string) =>
  cluster.apply(
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "setup-trial", namespace: "default" },
      spec: {
        ingressClassName,
        rules: [{ host: unclaimed, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "setup-trial", port: { number: 80 } } } }] } }],
      },
    },
    { fieldManager: "setup", dryRun: true },
  );

/**
 * Waits until the ingress controller answers at both ports of this machine: with 404, or as an Ingress without a host says.
 * @throws UserError with what came instead
 */
export async function untilIngressAnswers(
  { httpPort, httpsPort }: { httpPort: number; httpsPort: number },
  signal: AbortSignal,
  explain: () => Promise<string[]>,
  timeoutMs = 90_000,
): Promise<string> {
  const options = { signal, explain, timeoutMs };
  await Promise.all([
    until(`http://127.0.0.1:${httpPort}`, () => missing(httpPort, false), options),
    until(`https://127.0.0.1:${httpsPort}`, () => missing(httpsPort, true), options),
  ]);
  return "answers";
}

/** @returns nothing when the controller answers, else what it was instead */
export function missing(port: number, tls: boolean): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, headers: { host: unclaimed }, timeout: 5000, agent: false } as const;
    // The controller's certificate for names that nobody claims is a self-signed one; whether it answers is all that is asked.
    const request = tls ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    request
      .on("response", (response) => {
        response.resume();
        resolve(response.statusCode! < 500 ? undefined : `it answers ${response.statusCode}`);
      })
      .on("timeout", () => request.destroy(new Error("no answer in 5 s")))
      .on("error", (error) => resolve(error.message))
      .end();
  });
}
