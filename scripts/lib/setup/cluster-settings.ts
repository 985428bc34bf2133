import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import type { Environment } from "../../../manifests/environment.ts";
import type { Problem } from "../problems.ts";
import { throwAll } from "../problems.ts";

/** What names this project on a shared machine: labels of its containers, annotations of its objects. */
export const project = "typescript-kubernetes-starter";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const configFile = "kind-config.yaml";
const environmentFile = "manifests/environments/dev.ts";

/** Everything that setup, teardown and doctor have to agree on. */
export interface ClusterSettings {
  /** The kind cluster; its context is `kind-` and this. */
  readonly name: string;
  readonly context: string;
  readonly configPath: string;
  readonly nodeImage: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The container and its volume have the same name. */
  readonly registry: { readonly name: string; readonly address: string; readonly port: number };
}

interface KindConfig {
  kind?: string;
  name?: string;
  nodes?: {
    role?: string;
    image?: string;
    extraPortMappings?: { containerPort: number; hostPort: number; listenAddress?: string }[];
    extraMounts?: { containerPath?: string }[];
  }[];
}

/** Where in a node this project's mark is mounted. */
export const markPath = `/made-by/${project}`;

/**
 * Reads kind-config.yaml and holds it against the environment that is deployed there: names and ports stand in both.
 * @throws UserError that names the lines to edit when the two disagree
 */
export function clusterSettings(
  environment: Environment,
  { env = process.env, folder = root }: { env?: NodeJS.ProcessEnv; folder?: string } = {},
): ClusterSettings {
  const text = readFileSync(`${folder}/${configFile}`, "utf8");
  const config = parse(text);
  const node = config.nodes?.find(({ role }) => role === "control-plane");
  const hostPort = (containerPort: number) => node?.extraPortMappings?.find((port) => port.containerPort === containerPort)?.hostPort;
  const registryPort = /^(?:127\.0\.0\.1|localhost):(\d+)$/.exec(environment.registry)?.[1];
  const wantedHttps = environment.httpsPort ?? 443;

  const inConfig = (pattern: RegExp) => at(configFile, text, pattern);
  const inEnvironment = (pattern: RegExp) => at(environmentFile, readText(`${folder}/${environmentFile}`), pattern);
  const problems: Problem[] = [];
  const complain = (what: string, why: string, next: string) => problems.push({ what, why, next });
  const name = config.name ?? "";
  if (name === "") complain(`${configFile} names no cluster`, "kind would call it kind", `add a line to ${configFile}: name: dev`);
  else if (environment.context !== `kind-${name}`)
    complain(
      `${configFile} and ${environmentFile} name different clusters`,
      `${inConfig(/^name:/m)}\n${inEnvironment(/context:/)}`,
      `make it context: "kind-${name}" in ${environmentFile}, or change the name in ${configFile}`,
    );
  if (hostPort(443) !== wantedHttps)
    complain(
      `${configFile} and ${environmentFile} say different HTTPS ports`,
      `${inConfig(/containerPort:\s*443\b/)} … hostPort: ${hostPort(443) ?? "none"}\n${inEnvironment(/httpsPort:/)}`,
      `make hostPort and httpsPort the same number`,
    );
  if (hostPort(80) === undefined)
    complain(`${configFile} maps no port to the node's port 80`, "HTTP is redirected to HTTPS there", "add it to extraPortMappings");
  if (registryPort === undefined)
    complain(
      `the registry of ${environmentFile} is not on this machine`,
      inEnvironment(/registry:/),
      'the local cluster has one of its own: registry: "127.0.0.1:5001"',
    );
  if (!node?.extraMounts?.some(({ containerPath }) => containerPath === markPath))
    complain(`${configFile} lacks the mark of this project`, "setup could not tell its cluster from another's", `mount ${markPath} as the original does`);
  throwAll(problems);

  return {
    name,
    context: `kind-${name}`,
    configPath: `${folder}/${configFile}`,
    nodeImage: env["KIND_NODE_IMAGE"] || (node?.image ?? ""),
    httpPort: hostPort(80)!,
    httpsPort: wantedHttps,
    registry: { name: `${name}-registry`, address: environment.registry, port: Number(registryPort) },
  };
}

function parse(text: string): KindConfig {
  try {
    const config = load(text) as KindConfig | null;
    if (config?.kind === "Cluster") return config;
  } catch (error) {
    throwAll([{ what: `${configFile} is not YAML`, why: (error as Error).message }]);
  }
  throwAll([{ what: `${configFile} is not a configuration of kind`, why: "kind: Cluster is missing" }]);
  return {};
}

/** `file:line: text` of the first line that matches: what an editor opens and a reader recognises. */
function at(file: string, text: string, pattern: RegExp): string {
  const index = text.search(pattern);
  if (index < 0) return `${file}: no such line`;
  const line = text.slice(0, index).split("\n").length;
  return `${file}:${line}: ${text.split("\n")[line - 1]!.trim()}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
