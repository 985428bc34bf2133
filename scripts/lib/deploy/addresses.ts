import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { get, type RequestOptions } from "node:https";
import { rootCertificates } from "node:tls";
import { publicAddresses, type Environment } from "../../../manifests/environment.ts";
import { authorityFolder, certificatePath } from "../ca.ts";
import { warn } from "../progress.ts";
import { until } from "../waiting.ts";

/**
 * Pods are ready some seconds before the ingress controller has heard of them; who opens a printed address at once
 * should not meet its 503. Names, load balancers and firewalls are not the deploy's: what does not answer is a warning.
 */
export async function untilAddressesAnswer(environment: Environment, signal: AbortSignal, timeoutMs = 20_000): Promise<void> {
  const authority = certificatePath(authorityFolder());
  const ca = environment.issuer.kind === "ca" && existsSync(authority) ? [...rootCertificates, readFileSync(authority, "utf8")] : undefined;
  await Promise.all(
    publicAddresses(environment).map(async (address) => {
      try {
        const { hostname } = new URL(address);
        // A name that does not exist will not begin to within seconds.
        if (!isLocalhost(hostname)) await lookup(hostname);
        await until(address, () => missing(address, ca), { signal, timeoutMs });
      } catch (error) {
        signal.throwIfAborted();
        warn(`${address} does not answer: ${(error as { why?: string }).why ?? (error as Error).message}`);
      }
    }),
  );
}

/** @returns nothing when the application answers, whatever it says; else what came instead */
export function missing(address: string, ca?: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { ca: ca && [...ca], agent: false, timeout: 5000, ...(isLocalhost(new URL(address).hostname) && { lookup: loopback }) };
    const request = get(address, options, (response) => {
      response.resume();
      // What an ingress controller answers for pods that it has not heard of; of hosts, it has no certificate.
      resolve([502, 503].includes(response.statusCode!) ? `it answers ${response.statusCode}` : undefined);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s"))).on("error", (error) => resolve(error.message));
  });
}

const isLocalhost = (host: string) => host === "localhost" || host.endsWith(".localhost");

/** Not every system resolves `*.localhost`, which always means this machine: RFC 6761, section 6.3. */
const loopback: NonNullable<RequestOptions["lookup"]> = (_host, options, callback) =>
  options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);
