import type { IHTTPIngressPath } from "kubernetes-models/networking.k8s.io/v1/HTTPIngressPath";
import type { Address } from "./addresses.ts";
import type { LocalObjects } from "./objects.ts";

/** One path of a host and where it leads. */
export interface Route {
  /** Lower case; `*.example.com` stands for one more label, undefined for every host. */
  readonly host?: string;
  readonly path: string;
  readonly exact: boolean;
  /** The process; its port is missing when it does not run. */
  readonly process: string;
  readonly port?: number;
  /** Browsers are sent to HTTPS. */
  readonly redirect: boolean;
}

// Annotations that are honoured, or that have no meaning here since no connection is ever ended for its silence.
const redirectAnnotations = ["ssl-redirect", "force-ssl-redirect"].map((name) => `nginx.ingress.kubernetes.io/${name}`);
const harmless = /^(nginx\.ingress\.kubernetes\.io\/proxy-(read|send|connect)-timeout|cert-manager\.io\/.*|kubectl\.kubernetes\.io\/.*)$/;

export interface Routing {
  readonly routes: readonly Route[];
  readonly tlsHosts: readonly string[];
  readonly notices: readonly string[];
}

/** @returns the routes of all Ingresses, in the order in which they are to be tried */
export function routesOf({ ingresses }: Pick<LocalObjects, "ingresses">, addresses: readonly Address[]): Routing {
  const routes: Route[] = [];
  const notices: string[] = [];
  const tlsHosts = new Set<string>();
  for (const { object, spec } of ingresses) {
    const { namespace = "default", annotations = {} } = object.metadata;
    const secure = new Set(spec.tls?.flatMap(({ hosts = [] }) => hosts.map((host) => host.toLowerCase())));
    for (const host of secure) tlsHosts.add(host);
    for (const name of Object.keys(annotations))
      if (!redirectAnnotations.includes(name) && !harmless.test(name)) notices.push(`annotation ${name}`);
    const [plain, forced] = redirectAnnotations.map((name) => annotations[name]);
    const rules = [...(spec.rules ?? []), ...(spec.defaultBackend ? [{ host: undefined, http: { paths: [{ path: "/", pathType: "Prefix" as const, backend: spec.defaultBackend }] } }] : [])];
    for (const { host, http } of rules)
      for (const path of http?.paths ?? []) {
        const target = targetOf(path, namespace, addresses);
        if (!target) continue;
        const name = host?.toLowerCase();
        const redirect = forced === "true" || (plain !== "false" && name !== undefined && [...secure].some((pattern) => matchesHost(pattern, name)));
        routes.push({ ...(name && { host: name }), path: path.path ?? "/", exact: path.pathType === "Exact", redirect, ...target });
      }
  }
  return { routes: routes.sort(byPrecedence), tlsHosts: [...tlsHosts], notices };
}

function targetOf({ backend }: IHTTPIngressPath, namespace: string, addresses: readonly Address[]): { process: string; port?: number } | undefined {
  const address = addresses.find((one) => one.service === backend.service?.name && one.namespace === namespace);
  const { name, number } = backend.service?.port ?? {};
  const destination = address?.ports.get(number ?? address.names.get(name ?? "") ?? NaN);
  if (!destination) return undefined;
  return "missing" in destination ? { process: destination.missing } : { process: destination.process, port: destination.port };
}

/** Names before wildcards before every host; then exact paths, then longer ones. */
function byPrecedence(a: Route, b: Route): number {
  const rank = ({ host }: Route) => (host === undefined ? 2 : host.startsWith("*.") ? 1 : 0);
  return rank(a) - rank(b) || Number(b.exact) - Number(a.exact) || b.path.length - a.path.length;
}

/** @see https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards */
const matchesHost = (pattern: string, host: string) =>
  pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && !host.slice(0, -pattern.length + 1).includes("."));

/** A prefix counts by whole elements: `/foo` leads to `/foo` and `/foo/bar`, not to `/foobar`. */
function matchesPath({ path, exact }: Route, asked: string): boolean {
  if (exact) return asked === path;
  const prefix = path.endsWith("/") ? path.slice(0, -1) : path;
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

/**
 * @param host as the client wrote it, with or without a port
 * @param url path and query
 * @returns undefined when no Ingress has the host or the path: a controller answers 404
 */
export function findRoute(routes: readonly Route[], host: string | undefined, url: string): Route | undefined {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  // An exact name hides a wildcard, also where the name has no such path.
  const best = routes.find((route) => route.host === undefined || matchesHost(route.host, name))?.host;
  return routes.find((route) => route.host === best && matchesPath(route, path)) ?? (best === undefined ? undefined : routes.find((route) => route.host === undefined && matchesPath(route, path)));
}
