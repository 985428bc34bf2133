import type { KubernetesObject } from "../../render.ts";
import type { Container, PodTemplate } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { handlersOf } from "../probes.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

// https://kubernetes.io/docs/concepts/security/pod-security-standards/
const volumes = new Set(["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image"]);
const sysctls = new Set(
  `kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_syncookies
  net.ipv4.ping_group_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout
  net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem net.ipv4.tcp_wmem`.split(/\s+/),
);
const seLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);

export default rule({
  name: "host-access",
  group: "policy",
  why: "Host paths, ports, namespaces and kernel settings let a pod see and change its node (Pod Security: baseline and restricted).",
  others: ["host-ipc", "host-network", "host-pid", "docker-sock", "sensitive-host-mounts", "writable-host-mount", "unsafe-sysctls", "unsafe-proc-mount"],
  *check(objects) {
    for (const { object, spec, path } of objects.pods) {
      for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const)
        if (spec[field]) yield { object, path: pathOf(path, field), message: "shares the node's", fix: "remove it" };
      for (const [index, { name: _, ...sources }] of (spec.volumes ?? []).entries())
        for (const source of Object.keys(sources))
          if (!volumes.has(source)) yield { object, path: pathOf(path, "volumes", index, source), message: "is no kind of volume that restricted pods may have", fix: "use a PersistentVolumeClaim, emptyDir, ConfigMap or Secret" };
      for (const [index, { name = "" }] of (spec.securityContext?.sysctls ?? []).entries())
        if (!sysctls.has(name)) yield { object, path: pathOf(path, "securityContext.sysctls", index), message: `${name} is unsafe`, fix: "remove it" };
      yield* inContext(object, pathOf(path, "securityContext"), spec.securityContext);
    }
    for (const { pod, container, path } of containersOf(objects)) {
      for (const [index, { hostPort }] of (container.ports ?? []).entries())
        if (hostPort) yield { object: pod.object, path: pathOf(path, "ports", index, "hostPort"), message: `takes port ${hostPort} of the node`, fix: "remove it; use a Service" };
      const { procMount } = container.securityContext ?? {};
      if (procMount !== undefined && procMount !== "Default") yield { object: pod.object, path: pathOf(path, "securityContext.procMount"), message: `is ${procMount}`, fix: "remove it" };
      yield* inContext(pod.object, pathOf(path, "securityContext"), container.securityContext);
      // The node itself would ask there, past every NetworkPolicy.
      for (const { path: place, handler } of handlersOf({ container, path }))
        if (handler.host) yield { object: pod.object, path: pathOf(place, "host"), message: `lets the node ask ${handler.host} instead of the container`, fix: "remove it" };
    }
  },
});

/** Of a pod or a container. */
function* inContext(object: KubernetesObject, path: string, context: PodTemplate["spec"]["securityContext"] | Container["container"]["securityContext"]): Iterable<Finding> {
  const { windowsOptions, appArmorProfile, seLinuxOptions } = context ?? {};
  const { type = "", user, role } = seLinuxOptions ?? {};
  if (windowsOptions?.hostProcess) yield { object, path: pathOf(path, "windowsOptions.hostProcess"), message: "is true", fix: "remove it" };
  if (appArmorProfile?.type === "Unconfined") yield { object, path: pathOf(path, "appArmorProfile.type"), message: "is Unconfined", fix: "use RuntimeDefault" };
  if (!seLinuxTypes.has(type)) yield { object, path: pathOf(path, "seLinuxOptions.type"), message: `is ${type}`, fix: "remove it, or use container_t" };
  for (const [field, value] of Object.entries({ user, role })) if (value) yield { object, path: pathOf(path, "seLinuxOptions", field), message: `is ${value}`, fix: "remove it" };
}
