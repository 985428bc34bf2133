import { fetchAddons, type Addon, type AddonName } from "./addons.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { checkEngine, inspect, type Container, type Engine } from "./docker.ts";
import { checkNodes, isOurs } from "./kind.ts";
import { checkLimits, checkRootless } from "./machine-limits.ts";
import { checkPorts, type WantedPort } from "./ports.ts";
import { asProblem, type Problem } from "./problems.ts";
import { checkRegistry } from "./registry.ts";
import type { Shell } from "./shell.ts";
import { checkTools, type ToolName } from "./tools.ts";

/** What is there before setup begins. */
export interface Findings {
  readonly versions: Partial<Record<ToolName, string>>;
  readonly engine: Engine | undefined;
  readonly nodes: readonly Container[];
  readonly registry: Container | undefined;
  readonly addons: readonly Addon[];
  /** Add-ons whose checksum was recorded just now. */
  readonly recorded: readonly AddonName[];
  /** All of them at once. */
  readonly problems: readonly Problem[];
  /** What one can do without until `tilt up`. */
  readonly hints: readonly Problem[];
}

/**
 * Looks at tools, engine, containers of our names and ports, and brings the add-ons' manifests to this disk. Nothing else
 * is changed.
 */
export async function preflight($: Shell, settings: ClusterSettings, signal: AbortSignal): Promise<Findings> {
  const nothing = { addons: [], recorded: [], problem: undefined };
  const [{ versions, problems: ofTools }, { engine, problems: ofEngine }, tilt, { addons, recorded, problem }] = await Promise.all([
    checkTools($, ["docker", "kind", "kubectl"]),
    checkEngine($),
    checkTools($, ["tilt"]),
    fetchAddons({ signal }).then((fetched) => ({ ...nothing, ...fetched }), (error: unknown) => ({ ...nothing, problem: asProblem(error) })),
  ]);
  const { nodes, others } = engine ? await inspect($, settings.name, settings.registry.name) : { nodes: [], others: [] };
  const registry = others[0];
  const problems = [
    ...ofTools,
    ...ofEngine,
    ...checkNodes(settings, nodes),
    ...checkRegistry(settings, registry),
    ...(engine ? checkRootless(engine, [settings.httpPort, settings.httpsPort]) : []),
    ...(await checkPorts($, wantedPorts(settings, nodes, registry))),
    ...(problem ? [problem] : []),
  ];
  const hints = [...(engine && nodes.length === 0 ? checkLimits(engine) : []), ...tilt.problems];
  return { versions: { ...versions, ...tilt.versions }, engine, nodes, registry, addons, recorded, problems, hints };
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
