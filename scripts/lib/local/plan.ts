import { join } from "node:path";
import type { IProbe } from "kubernetes-models/v1/Probe";
import type { IServiceSpec } from "kubernetes-models/v1/ServiceSpec";
import type { BuiltImage, PulledImage } from "../../../manifests/images.ts";
import type { KubernetesObject } from "../render.ts";
import { isPortOfService, plainValues, rewriteAddresses, rewriteHostVariable, type Address, type Destination } from "./addresses.ts";
import { expand, variablesOf, type Adapt } from "./expand.ts";
import { readObjects, type Container, type Described, type LocalObjects } from "./objects.ts";
import { routesOf, type Route } from "./routes.ts";
import { mountsOf, type Mounts } from "./volumes.ts";

/** How a container runs on this machine. */
export type Program =
  /** Its own command in the image's source folder. */
  | { readonly kind: "source"; readonly folder: string }
  /** A program of this machine in the place of `stands` in the container's command. */
  | { readonly kind: "installed"; readonly program: string; readonly standsFor: string; readonly loopback: readonly string[] }
  | { readonly kind: "docker"; readonly image: string; readonly container: string; readonly user?: string }
  /** Not at all, for a reason. */
  | { readonly kind: "missing"; readonly why: string };

/** One local process; equal ones (as JSON) need no restart. */
export interface PlannedProcess {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Relative to the project's folder. */
  readonly folder: string;
  /** Local ports by the container's. */
  readonly ports: Readonly<Record<number, number>>;
  readonly startup?: IProbe;
  readonly readiness?: IProbe;
  readonly portNames: Readonly<Record<string, number>>;
  readonly mounts: Mounts;
  /** The Docker container it is, for cleaning up. */
  readonly docker?: string;
  /** The program that stands for the image's own, when it is another. */
  readonly standIn?: string;
}

export interface Plan {
  readonly processes: readonly PlannedProcess[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly leftOut: readonly { readonly process: string; readonly variable: string; readonly service: string }[];
  readonly routes: readonly Route[];
  readonly tlsHosts: readonly string[];
  /** What can't be honoured here: short phrases. */
  readonly notices: readonly string[];
  /** What would keep a pod from starting, too. */
  readonly problems: readonly string[];
}

/** What is decided outside, on the machine. */
export interface Machine {
  /** @returns the local port for a container's port, always the same */
  readonly portFor: (process: string, containerPort: number) => number;
  readonly programFor: (container: Container) => Program;
  /** The folder for what is written, absolute. */
  readonly volumes: string;
}

/** Which program a container's image stands for, from manifests/images.ts. */
export function imageOf(
  { spec }: Pick<Container, "spec">,
  built: readonly BuiltImage[],
  pulled: readonly PulledImage[],
): { built: BuiltImage } | { pulled: PulledImage } | undefined {
  const [repository = ""] = (spec.image ?? "").split("@");
  const name = repository.replace(/:[^:/]*$/, "");
  const builtImage = built.find(({ folder }) => name === folder || name.endsWith(`/${folder}`));
  if (builtImage) return { built: builtImage };
  const pulledImage = pulled.find(({ image }) => image.replace(/[:@][^/]*$/, "") === name);
  return pulledImage && { pulled: pulledImage };
}

/** Turns an environment's objects into processes, routes and what can't be honoured; pure. */
export function makePlan(objects: readonly KubernetesObject[], machine: Machine): Plan {
  const local = readObjects(objects);
  const programs = new Map(local.containers.map((container) => [container, machine.programFor(container)]));
  const destination = (container: Container, containerPort: number): Destination => {
    if (programs.get(container)!.kind === "missing") return { missing: container.name };
    return { process: container.name, port: localPort(container, containerPort, programs.get(container)!, local, machine) };
  };
  const addresses = local.services.map((service) => addressOf(service, local, destination));

  const notices = [...local.notices];
  const problems: string[] = [];
  const processes: PlannedProcess[] = [];
  const missing: { name: string; why: string }[] = [];
  const leftOut: { process: string; variable: string; service: string }[] = [];
  for (const container of local.containers) {
    const program = programs.get(container)!;
    if (program.kind === "missing") {
      missing.push({ name: container.name, why: program.why });
      continue;
    }
    const planned = planProcess(container, program, { local, addresses, machine });
    processes.push(planned.process);
    leftOut.push(...planned.leftOut);
    problems.push(...planned.problems.map((problem) => `${container.workload.kind} ${container.name}: ${problem}`));
    notices.push(...planned.notices);
  }
  const routing = routesOf(local, addresses);
  return {
    ...{ processes, missing, leftOut, problems },
    routes: routing.routes,
    tlsHosts: routing.tlsHosts,
    notices: [...new Set([...notices, ...routing.notices])],
  };
}

interface Around {
  readonly local: LocalObjects;
  readonly addresses: readonly Address[];
  readonly machine: Machine;
}

function planProcess(container: Container, program: Exclude<Program, { kind: "missing" }>, { local, addresses, machine }: Around) {
  const { spec, workload } = container;
  const namespace = workload.metadata.namespace ?? "default";
  const plain = plainValues(container, local);
  const ports = Object.fromEntries(declaredPorts(container).map((port) => [port, localPort(container, port, program, local, machine)]));
  const inContainer = program.kind === "docker";
  const volumes = mountsOf(container, local, machine.volumes);
  const notices: string[] = [];
  const here = (before: string, after: string, what: string) => {
    if (!inContainer) return volumes.rewrite(after);
    // 127.0.0.1 is the container itself, and nothing here listens on an address that it could reach.
    if (before !== after) notices.push(`way out of ${container.name}'s container for ${what}`);
    return after;
  };

  const adapt: Adapt = (name, value) => {
    if (!inContainer && carriesPort(name, value, container, local)) return { value: String(ports[Number(value)]) };
    // A program that would listen on every address must not be seen from the network.
    if (program.kind === "source" && name === "HOST" && everyAddress.has(value)) return { value: "127.0.0.1" };
    const rewritten = rewriteHostVariable(name, value, plain, addresses, namespace) ?? rewriteAddresses(value, addresses, namespace);
    return "value" in rewritten ? { value: here(value, rewritten.value, name) } : rewritten;
  };
  const variables = variablesOf(container, local, adapt);
  const env = { ...(program.kind === "source" && { HOST: "127.0.0.1" }), ...variables.env };

  notices.push(...variables.notices, ...volumes.notices);
  if (spec.livenessProbe) notices.push("restart of what hangs (a livenessProbe can't tell that from a breakpoint)");
  for (const port of inContainer ? [] : declaredPorts(container))
    if (ports[port] === port) notices.push(`a free port for ${container.name}: no variable …PORT holds ${port}`);

  const text = (part: string) => {
    const expanded = expand(part, variables.env);
    const rewritten = rewriteAddresses(expanded, addresses, namespace);
    return "value" in rewritten ? here(expanded, rewritten.value, "its arguments") : part;
  };
  const words = [...(spec.command ?? []), ...(spec.args ?? [])].map(text);
  const standIn = program.kind === "installed" && program.program !== program.standsFor ? program.program : undefined;
  const process: PlannedProcess = {
    name: container.name,
    command: commandOf(program, words, container, { env, ports, volumes }),
    env,
    folder: program.kind === "source" ? program.folder : ".",
    ports,
    portNames: Object.fromEntries((spec.ports ?? []).flatMap(({ name, containerPort }) => (name ? [[name, containerPort]] : []))),
    startup: usable(spec.startupProbe, program, standIn, ports),
    readiness: usable(spec.readinessProbe, program, standIn, ports),
    mounts: volumes.mounts,
    ...(program.kind === "docker" && { docker: program.container }),
    ...(standIn !== undefined && { standIn }),
  };
  const leftOut = variables.leftOut.map(({ name, service }) => ({ process: container.name, variable: name, service }));
  return { process, leftOut, problems: variables.problems, notices };
}

const declaredPorts = ({ spec }: Container) => (spec.ports ?? []).map(({ containerPort }) => containerPort);

const everyAddress = new Set(["", "0.0.0.0", "::"]);

/** PORT, or a name that ends with it, which holds the number of a port that the container declares: its own, no neighbour's. */
function carriesPort(name: string, value: string | undefined, container: Container, local: LocalObjects): boolean {
  if (!/(^|_)PORT$/.test(name) || !declaredPorts(container).map(String).includes(value ?? "")) return false;
  const services = local.services.map(({ object: { metadata } }) => ({ service: metadata.name, namespace: metadata.namespace ?? "default" }));
  return !isPortOfService(name, plainValues(container, local), services, container.workload.metadata.namespace ?? "default");
}

/** A free one where the program can be told it; otherwise it will listen where it does in a container. */
function localPort(container: Container, port: number, program: Program, local: LocalObjects, machine: Machine): number {
  if (program.kind === "docker") return machine.portFor(container.name, port);
  const told = Object.entries(plainValues(container, local)).some(([name, value]) => value === String(port) && carriesPort(name, value, container, local));
  return told ? machine.portFor(container.name, port) : port;
}

/** A probe's command belongs to the image: with another program, that a connection is accepted has to do. */
function usable(probe: IProbe | undefined, program: Program, standIn: string | undefined, ports: Readonly<Record<number, number>>): IProbe | undefined {
  if (!probe?.exec || (program.kind !== "docker" && standIn === undefined)) return probe;
  const [port] = Object.keys(ports).map(Number);
  return port === undefined ? undefined : { ...probe, exec: undefined, tcpSocket: { port } };
}

interface Given {
  readonly env: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<number, number>>;
  readonly volumes: ReturnType<typeof mountsOf>;
}

function commandOf(program: Exclude<Program, { kind: "missing" }>, words: readonly string[], { spec }: Container, given: Given): readonly string[] {
  if (program.kind === "source") return words;
  if (program.kind === "installed") {
    const named = words.map((word) => (word === program.standsFor ? program.program : word));
    return [...(named.includes(program.program) ? named : [program.program, ...named]), ...program.loopback];
  }
  const [entrypoint, ...rest] = spec.command?.length ? words : ["", ...words];
  return [
    ...["docker", "run", "--rm", "--init", "--name", program.container],
    // Or what it writes to its folders would be root's.
    ...(program.user ? ["--user", program.user] : []),
    ...Object.entries(given.ports).flatMap(([port, local]) => ["--publish", `127.0.0.1:${local}:${port}`]),
    // Names alone: docker takes the values from its own environment, so that none is seen among the arguments.
    ...Object.keys(given.env).flatMap((name) => ["--env", name]),
    ...given.volumes.mounts.folders.flatMap(({ path, file = "", mountPath }) => ["--volume", `${join(path, file)}:${mountPath}`]),
    ...(entrypoint ? ["--entrypoint", entrypoint] : []),
    program.image,
    ...rest,
  ];
}

type Lead = (container: Container, port: number) => Destination;

function addressOf({ object, spec }: Described<IServiceSpec>, local: LocalObjects, destination: Lead): Address {
  const { name, namespace = "default" } = object.metadata;
  const selector = Object.entries(spec.selector ?? {});
  const selected = local.containers.filter(
    ({ labels, workload }) => selector.length > 0 && (workload.metadata.namespace ?? "default") === namespace && selector.every(([key, value]) => labels[key] === value),
  );
  const ports = new Map<number, Destination>();
  for (const { port, targetPort = port } of spec.ports ?? [])
    for (const container of selected) {
      const target = (container.spec.ports ?? []).find((declared) => declared.name === targetPort || declared.containerPort === targetPort);
      if (target) ports.set(port, destination(container, target.containerPort));
    }
  return { service: name, namespace, ports, names: new Map((spec.ports ?? []).flatMap((port) => (port.name ? [[port.name, port.port]] : []))) };
}
