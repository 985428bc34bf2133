import { dataKey, type LocalObjects } from "./objects.ts";

/** Where a Service's port leads on this machine: a local port, or the name of what does not run. */
export type Destination = { readonly process: string; readonly port: number } | { readonly missing: string };

/** A Service as values name it. */
export interface Address {
  readonly service: string;
  readonly namespace: string;
  /** By the Service's port number. */
  readonly ports: ReadonlyMap<number, Destination>;
  /** The Service's port numbers by name. */
  readonly names: ReadonlyMap<string, number>;
}

// The ports that clients take when an address has none.
const schemePorts: Record<string, number> = {
  ...{ http: 80, ws: 80, https: 443, wss: 443, redis: 6379, rediss: 6379, valkey: 6379, valkeys: 6379 },
  ...{ postgres: 5432, postgresql: 5432, mysql: 3306, mongodb: 27017, amqp: 5672, nats: 4222 },
};

export type Rewritten = { readonly value: string } | { readonly missing: string };

/**
 * Replaces addresses of Services by those of local processes: `redis://valkey:6379`, `backend.local.svc:3000`, lists
 * of them. A name alone is left, for it may be a word like any other; a port that the Service does not have, too: it
 * would not be answered in a cluster either.
 * @param namespace the reader's, in which a short name is looked up
 * @returns which Service is missing, when one that the text leads to does not run
 */
export function rewriteAddresses(text: string, addresses: readonly Address[], namespace: string): Rewritten {
  let missing: string | undefined;
  const value = text.replace(
    // scheme:// and user:password@ (both optional), a name with dots, a port (optional)
    /(?:([a-z][a-z0-9+.-]*):\/\/((?:[^\s/@,]*@)?))?(?<![\w.-])([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?(?![\w.-]|:\d)/gi,
    (whole: string, scheme: string | undefined, credentials: string | undefined, host: string, port: string | undefined) => {
      if (scheme === undefined && port === undefined) return whole;
      const number = Number(port ?? schemePorts[scheme!.toLowerCase()]);
      const destination = lookUp(host.toLowerCase(), addresses, namespace)?.ports.get(number);
      if (!destination) return whole;
      if ("missing" in destination) {
        missing = destination.missing;
        return whole;
      }
      return `${scheme === undefined ? "" : `${scheme}://${credentials ?? ""}`}127.0.0.1:${destination.port}`;
    },
  );
  return missing === undefined ? { value } : { missing };
}

/** A host in one variable and its port in another: `DB_HOST=valkey`, `DB_PORT=6379`. */
export function rewriteHostVariable(
  name: string,
  value: string,
  all: Readonly<Record<string, string | undefined>>,
  addresses: readonly Address[],
  namespace: string,
): Rewritten | undefined {
  const [, prefix, what] = /^(.*?)(HOST|HOSTNAME|PORT)$/.exec(name) ?? [];
  if (prefix === undefined) return undefined;
  const host = all[`${prefix}HOST`] ?? all[`${prefix}HOSTNAME`];
  const port = Number(all[`${prefix}PORT`]);
  const address = host === undefined ? undefined : lookUp(host, addresses, namespace);
  if (!address) return undefined;
  const destination = Number.isNaN(port) && address.ports.size === 1 ? [...address.ports.values()][0] : address.ports.get(port);
  if (!destination) return undefined;
  if ("missing" in destination) return destination;
  return { value: what === "PORT" ? String(destination.port) : Number.isNaN(port) ? `127.0.0.1:${destination.port}` : "127.0.0.1" };
}

/** @returns whether a variable holds the port of a Service that another one names: `DB_PORT` beside `DB_HOST=valkey` */
export function isPortOfService(name: string, all: Readonly<Record<string, string | undefined>>, services: readonly Named[], namespace: string): boolean {
  const host = all[name.replace(/PORT$/, "HOST")] ?? all[name.replace(/PORT$/, "HOSTNAME")];
  return host !== undefined && lookUp(host, services, namespace) !== undefined;
}

type Named = Pick<Address, "service" | "namespace">;

function lookUp<Service extends Named>(host: string, addresses: readonly Service[], namespace: string): Service | undefined {
  const [service, where = namespace, ...rest] = host.replace(/\.cluster\.local$/, "").split(".");
  if (rest.length > 1 || (rest.length === 1 && rest[0] !== "svc")) return undefined;
  return addresses.find((address) => address.service === service && address.namespace === where);
}

/** @returns every value that a container's variables may have before they are adapted, to see hosts and ports together */
export function plainValues(container: { spec: LocalObjects["containers"][number]["spec"] }, { data }: Pick<LocalObjects, "data">) {
  const values: Record<string, string | undefined> = {};
  for (const { configMapRef, secretRef, prefix = "" } of container.spec.envFrom ?? []) {
    const entries = data.get(configMapRef ? dataKey("ConfigMap", configMapRef.name ?? "") : dataKey("Secret", secretRef?.name ?? "")) ?? {};
    for (const [key, value] of Object.entries(entries)) values[prefix + key] = value;
  }
  for (const { name, value, valueFrom } of container.spec.env ?? [])
    values[name] = valueFrom?.configMapKeyRef
      ? data.get(dataKey("ConfigMap", valueFrom.configMapKeyRef.name ?? ""))?.[valueFrom.configMapKeyRef.key]
      : value;
  return values;
}
