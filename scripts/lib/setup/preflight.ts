import { fetchAddons, type Fetched } from "./addons.ts";
import { authorityFolder, readAuthority, refuseSudo } from "../ca.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { checkEngine, inspect, type Container, type Engine } from "./docker.ts";
import { checkNodes, isOurs } from "./kind.ts";
import { checkLimits, checkRootless } from "./machine-limits.ts";
import { checkPorts, type WantedPort } from "../ports.ts";
import { asProblem, throwAll, type Problem } from "../problems.ts";
import { checkRegistry } from "./registry.ts";
import type { Shell } from "../shell.ts";
import { checkTools, type ToolName } from "./tools.ts";

/** What is there before setup begins. */
export interface Machine {
  readonly versions: Partial<Record<ToolName, string>>;
  readonly engine: Engine | undefined;
  readonly nodes: readonly Container[];
  readonly registry: Container | undefined;
  /** What setup can't begin with: all of it at once. */
  readonly problems: readonly Problem[];
  /** What one can do without until `tilt up`. */
  readonly hints: readonly Problem[];
  /** What a cluster may run into; where one was made already it shows that they will do. */
  readonly limits: readonly Problem[];
}

/**
 * Looks at tools, engine, containers of our names and ports, and changes nothing.
 * @param read reads what the system says of itself, under /proc
 */
export async function examineMachine($: Shell, settings: ClusterSettings, read?: (path: string) => string | undefined): Promise<Machine> {
  const [{ versions, problems: ofTools }, { engine, problems: ofEngine }, tilt] = await Promise.all([
    checkTools($, ["docker", "kind", "kubectl"]),
    checkEngine($),
    checkTools($, ["tilt"]),
  ]);
  const { nodes, others } = engine ? await inspect($, settings.name, settings.registry.name) : { nodes: [], others: [] };
  const registry = others[0];
  const wanted = wantedPorts(settings, nodes, registry);
  const problems = [
    ...ofTools,
    ...ofEngine,
    ...checkNodes(settings, nodes),
    ...checkRegistry(settings, registry),
    ...(engine ? await checkRootless($, engine, wanted.map(({ port }) => port), read) : []),
    ...(await checkPorts($, wanted)),
  ];
  return { versions: { ...versions, ...tilt.versions }, engine, nodes, registry, problems, hints: tilt.problems, limits: engine ? checkLimits(engine, read) : [] };
}

/**
 * Everything that setup needs: the machine, and the add-ons' manifests, which it brings to this disk. Nothing else is
 * changed.
 * @throws UserError with every problem at once
 */
export async function preflight($: Shell, settings: ClusterSettings, signal: AbortSignal): Promise<Machine & Fetched> {
  const [machine, fetched] = await Promise.all([examineMachine($, settings), fetchAddons({ signal }).catch(asProblem)]);
  throwAll([...machine.problems, ...("what" in fetched ? [fetched] : []), ...checkAuthority(authorityFolder())]);
  return { ...machine, ...(fetched as Fetched), limits: machine.nodes.length === 0 ? machine.limits : [] };
}

/** @returns why the local CA that is there can't be handed to a cluster, if so */
function checkAuthority(folder: string): Problem[] {
  try {
    refuseSudo(folder);
    readAuthority(folder);
    return [];
  } catch (error) {
    return [asProblem(error)];
  }
}

/** Ports that our own containers hold already are not asked for again. */
export function wantedPorts(settings: ClusterSettings, nodes: readonly Container[], registry: Container | undefined): WantedPort[] {
  const held = [...(isOurs(nodes) ? nodes : []), ...(registry ? [registry] : [])]
    .filter(({ running }) => running)
    .flatMap(({ ports }) => ports.map(({ host }) => host));
  const ingress = (port: number, containerPort: number, also: string): WantedPort => ({
    port,
    for: "the ingress controller",
    change: `take another: hostPort of containerPort ${containerPort} in kind-config.yaml${also}`,
  });
  return [
    ingress(settings.httpPort, 80, ""),
    ingress(settings.httpsPort, 443, " and httpsPort in manifests/environments/dev.ts"),
    { port: settings.registry.port, for: "the local registry", change: "take another: registry in manifests/environments/dev.ts" },
  ].filter(({ port }) => !held.includes(port));
}
