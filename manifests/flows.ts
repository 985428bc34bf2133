import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IService } from "kubernetes-models/v1/Service";

export type Workload = IDeployment | IStatefulSet;

/** One may connect to a port of the other's pods. */
export interface Flow {
  readonly from: Workload | "ingress";
  readonly to: Workload;
  /** The pod's port, not the Service's. */
  readonly port: number;
}

/** @returns who connects to whom, as env values, ConfigMaps and Ingresses say it: `redis://valkey:6379` is a flow to Valkey */
export function flowsBetween(workloads: readonly Workload[], services: readonly IService[], configMaps: readonly IConfigMap[], ingresses: readonly IIngress[]): Flow[] {
  const flows: Flow[] = [];
  const add = (from: Flow["from"], service: IService, isMeant: (port: { port: number; name?: string }) => boolean) => {
    for (const to of workloads.filter((workload) => selects(service, workload)))
      for (const servicePort of (service.spec?.ports ?? []).filter(isMeant)) {
        const port = podPort(to, servicePort.targetPort ?? servicePort.port);
        if (to !== from && !flows.some((flow) => flow.from === from && flow.to === to && flow.port === port)) flows.push({ from, to, port });
      }
  };
  for (const ingress of ingresses)
    for (const { name, port } of ingress.spec?.rules?.flatMap(({ http }) => http?.paths.flatMap(({ backend }) => backend.service ?? []) ?? []) ?? [])
      for (const service of services.filter(({ metadata }) => metadata?.name === name))
        add("ingress", service, (one) => (port?.name === undefined ? one.port === port?.number : one.name === port.name));
  for (const workload of workloads) {
    const text = configurationOf(workload, configMaps);
    for (const service of services) add(workload, service, ({ port }) => addressOf(service, port).test(text));
  }
  return flows;
}

/** Where a scheme leads without a port. */
const defaultPorts: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443, redis: 6379, rediss: 6379, postgres: 5432, postgresql: 5432, mysql: 3306, mongodb: 27017, amqp: 5672, amqps: 5671 };

/**
 * @returns the ports at which a workload connects to hosts outside of the cluster, as its configuration says it:
 * `https://api.example.com` is 443. Our own public names are for browsers.
 */
export function outsidePortsOf(workload: Workload, services: readonly IService[], configMaps: readonly IConfigMap[], ingresses: readonly IIngress[]): number[] {
  const own = ingresses.flatMap(({ spec }) => spec?.rules?.map(({ host }) => host) ?? []);
  const isInside = (host: string) => own.includes(host) || services.some(({ metadata }) => host.startsWith(`${metadata!.name}.`)) || /^127\.|(^|\.)localhost$|\.svc(\.|$)/.test(host);
  const addresses = configurationOf(workload, configMaps).matchAll(/\b([a-z]+):\/\/(?:[^\s/@]*@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::(\d+))?/g);
  const ports = [...addresses].flatMap(([, scheme, host, port]) => (isInside(host!) ? [] : (Number(port) || defaultPorts[scheme!]) ?? []));
  return [...new Set(ports)].sort((a, b) => a - b);
}

const podOf = (workload: Workload) => workload.spec!.template;

const selects = ({ spec }: IService, workload: Workload): boolean =>
  Object.entries(spec?.selector ?? { none: "" }).every(([key, value]) => podOf(workload).metadata?.labels?.[key] === value);

/** Container ports by name, as a Service means them. */
function podPort(workload: Workload, target: string | number): number {
  if (typeof target === "number") return target;
  const ports = podOf(workload).spec!.containers.flatMap((container: IContainer) => container.ports ?? []);
  return ports.find(({ name }) => name === target)?.containerPort ?? Number(target);
}

/** `//name:port`, with credentials before and the rest of the cluster's name behind, if any. */
const addressOf = ({ metadata }: IService, port: number) => new RegExp(`(//|@|,|\\s|^)${metadata!.name}(\\.[a-z0-9.-]+)?:${port}(?!\\d)`, "m");

/** What a workload's containers are told: literals, and the ConfigMaps that they name. */
function configurationOf(workload: Workload, configMaps: readonly IConfigMap[]): string {
  const { containers, initContainers = [] } = podOf(workload).spec!;
  return [...initContainers, ...containers]
    .flatMap(({ command = [], args = [], env = [], envFrom = [] }: IContainer) => {
      const named = [...envFrom.map(({ configMapRef }) => configMapRef?.name), ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name)];
      const data = configMaps.filter(({ metadata }) => named.includes(metadata?.name)).flatMap(({ data = {} }) => Object.values(data));
      return [...command, ...args, ...env.map(({ value }) => value ?? ""), ...data];
    })
    .join("\n");
}
