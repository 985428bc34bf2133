import { readFileSync } from "node:fs";
import type { Engine } from "./docker.ts";
import type { Problem } from "../problems.ts";
import type { Shell } from "../shell.ts";

// https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files
const inotify = { max_user_instances: 512, max_user_watches: 524_288 };
/** One node with ingress-nginx, cert-manager and the sample application uses about 1.5 GB. */
const memoryGiB = 3;
/** Below it rootless Docker may not bind. */
const unprivilegedPort = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/** @returns limits that a cluster may run into: it is made all the same */
export function checkLimits(engine: Engine, read: (path: string) => string | undefined = readText): Problem[] {
  const problems: Problem[] = [];
  const low = Object.entries(inotify).filter(([name, wanted]) => {
    const value = read(`/proc/sys/fs/inotify/${name}`);
    return value !== undefined && Number(value) < wanted;
  });
  if (low.length > 0)
    problems.push({
      what: `this machine allows few watched files (${low.map(([name]) => `fs.inotify.${name} is ${read(`/proc/sys/fs/inotify/${name}`)!.trim()}`).join(", ")})`,
      why: "pods may fail with `too many open files` or `no space left on device`",
      next: `sudo sysctl ${low.map(([name, wanted]) => `fs.inotify.${name}=${wanted}`).join(" ")}   (and in /etc/sysctl.conf to keep it)`,
    });
  const gibibytes = engine.memoryBytes / 2 ** 30;
  if (gibibytes < memoryGiB)
    problems.push({
      what: `Docker has ${gibibytes.toFixed(1)} GiB of memory; the cluster and the application want ${memoryGiB}`,
      next: "give it more in Docker Desktop's settings (Resources), or: colima start --memory 4",
    });
  return problems;
}

/**
 * @param ports that nothing of ours publishes yet
 * @returns a problem that names those which rootless Docker may not publish
 */
export async function checkRootless($: Shell, engine: Engine, ports: readonly number[], read: (path: string) => string | undefined = readText): Promise<Problem[]> {
  const first = Number(read(unprivilegedPort) ?? 0);
  const refused = engine.rootless ? ports.filter((port) => port < first) : [];
  if (refused.length === 0) return [];
  // The other way that https://docs.docker.com/engine/security/rootless/ gives. Users' PATHs often lack getcap's folder.
  const { stdout } = await $({ nothrow: true })`PATH="$PATH:/usr/sbin:/sbin"; getcap "$(command -v rootlesskit)"`;
  if (stdout.includes("cap_net_bind_service")) return [];
  return [
    {
      what: `rootless Docker may not publish ${refused.map((port) => `port ${port}`).join(" and ")}`,
      why: `this machine keeps ports below ${first} for root`,
      next: `sudo sysctl net.ipv4.ip_unprivileged_port_start=${Math.min(...refused)}   or take higher ports in kind-config.yaml and manifests/environments/dev.ts`,
    },
  ];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
