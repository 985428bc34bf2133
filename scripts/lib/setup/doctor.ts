import { lookup } from "node:dns/promises";
import { hosts, type Environment } from "../../../manifests/environment.ts";
import { explainPods, unready } from "./addon-install.ts";
import { addonNames } from "./addons.ts";
import type { Cluster } from "../cluster.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { missing } from "./ingress-answer.ts";
import { readyCondition } from "./local-issuer.ts";
import type { Machine } from "./preflight.ts";
import type { Problem } from "../problems.ts";
import { registryAnswer } from "./registry.ts";
import { trustedByBrowsers, type Status } from "../trust.ts";

/** One line of the report. `hint`: it works without, or elsewhere. */
export type Finding = { readonly state: "fine"; readonly what: string } | ({ readonly state: "wrong" | "hint" } & Problem);

export const fine = (what: string): Finding => ({ state: "fine", what });
export const wrong = (what: string, why?: string, next?: string): Finding => ({ state: "wrong", what, why, next });
export const hint = (what: string, why?: string, next?: string): Finding => ({ state: "hint", what, why, next });
const setup = "npx zx scripts/setup.mts";

/** @returns what the machine and the containers are like */
export async function examineContainers(settings: ClusterSettings, { versions, nodes, registry, problems, hints, limits }: Machine): Promise<Finding[]> {
  const tools = Object.entries(versions).map((tool) => tool.join(" "));
  const stopped = nodes.filter(({ running }) => !running).map(({ name }) => name);
  const answer = registry?.running ? await registryAnswer(settings.registry) : undefined;
  return [
    ...(tools.length > 0 ? [fine(`Tools: ${tools.join(", ")}`)] : []),
    ...problems.map((problem): Finding => ({ state: "wrong", ...problem })),
    ...[...limits, ...hints].map((problem): Finding => ({ state: "hint", ...problem })),
    nodes.length === 0
      ? hint(`the cluster ${settings.name} is not there`, undefined, setup)
      : stopped.length > 0
        ? wrong(`the cluster ${settings.name} is stopped (${stopped.join(", ")})`, undefined, setup)
        : fine(`Cluster ${settings.name} runs`),
    ...(nodes.length === 0 ? [] : !registry?.running || answer ? [wrong(`the registry ${settings.registry.address} does not answer`, answer, setup)] : [fine(`Registry ${settings.registry.address} answers`)]),
  ];
}

/** @returns what runs in the cluster: the add-ons, the issuer, the answer at the ingress' ports */
export async function examineCluster(cluster: Cluster, environment: Environment, settings: ClusterSettings): Promise<Finding[]> {
  const addons = addonNames.map(async (namespace) => {
    const waiting = unready((await cluster.list({ apiVersion: "apps/v1", kind: "Deployment" }, { namespace })).items);
    return waiting ? wrong(`${namespace} is not ready`, [waiting, ...(await explainPods(cluster, namespace))].join("\n"), setup) : fine(`${namespace} is ready`);
  });
  const issuer = readyCondition(await cluster.get({ apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name: environment.issuer.name } }));
  const answers = ([[settings.httpPort, false], [settings.httpsPort, true]] as const).map(async ([port, tls]) => {
    const instead = await missing(port, tls);
    return instead ? wrong(`the ingress does not answer at 127.0.0.1:${port}`, instead, setup) : fine(`Ingress answers at 127.0.0.1:${port}`);
  });
  return [
    ...(await Promise.all(addons)),
    issuer ? wrong(`ClusterIssuer ${environment.issuer.name} is not ready`, issuer, setup) : fine(`ClusterIssuer ${environment.issuer.name} is ready`),
    ...(await Promise.all(answers)),
  ];
}

/** @returns whether browsers trust the local CA */
export function examineTrust(stores: readonly Status[], platform = process.platform): Finding {
  const trusting = stores.filter(({ state }) => state === "trusted").map(({ name }) => name).join(", ");
  if (trustedByBrowsers(stores, platform)) return fine(`Trusted by ${trusting}`);
  return hint("no browser trusts the local CA yet, so all of them warn", trusting && `it is trusted by ${trusting} only`, "npx zx scripts/certs.mts trust");
}

/** @returns whether this machine's own resolver knows the public names; browsers and curl know `*.localhost` without it */
export async function examineNames(environment: Environment, resolve: (host: string) => Promise<string> = async (host) => (await lookup(host)).address): Promise<Finding> {
  const names = Object.values(hosts(environment));
  const found = await Promise.all(names.map((name) => resolve(name).catch(() => undefined)));
  const elsewhere = names.filter((_, index) => found[index] !== undefined && !["127.0.0.1", "::1"].includes(found[index]!));
  if (elsewhere.length > 0) return wrong(`${elsewhere.join(" and ")} leads to another machine`, `your resolver answers ${found.filter(Boolean).join(", ")}`, `add to /etc/hosts: 127.0.0.1 ${names.join(" ")}`);
  const unknown = names.filter((_, index) => found[index] === undefined);
  if (unknown.length === 0) return fine(`${names.join(", ")} lead here`);
  return hint(`this machine's resolver does not know ${unknown.join(", ")}`, "browsers and curl do; Safari and other programs need it", `echo '127.0.0.1 ${names.join(" ")}' | sudo tee -a /etc/hosts`);
}
