import type { Fault } from "../fault.ts";

const inContainer = (path: string) => `Deployment/api spec.template.spec.containers[0].${path}`;
const inPod = (path: string) => `Deployment/api spec.template.spec.${path}`;
const inStore = (path: string) => `StatefulSet/store spec.template.spec.containers[0].${path}`;

/** What Kubernetes takes and a platform team does not. */
export const policyFaults: readonly Fault[] = [
  { rule: "privileged-container", fault: "a container is privileged", at: ["!security-context-conflict " + inContainer("securityContext.allowPrivilegeEscalation"), inContainer("securityContext.privileged")], server: "refuses", put: ({ container }) => (container.securityContext.privileged = true) },
  { rule: "privilege-escalation-container", fault: "a container may gain privileges", at: inContainer("securityContext.allowPrivilegeEscalation"), put: ({ container }) => delete container.securityContext.allowPrivilegeEscalation },
  { rule: "run-as-non-root", fault: "nobody says that the pod is not root", at: [inPod("initContainers[0].securityContext.runAsNonRoot"), inContainer("securityContext.runAsNonRoot")], put: ({ pod }) => delete pod.securityContext.runAsNonRoot },
  { rule: "run-as-non-root", fault: "a container overrides the pod's runAsNonRoot", at: inContainer("securityContext.runAsNonRoot"), put: ({ container }) => (container.securityContext.runAsNonRoot = false) },
  { rule: "container-security-context-user-group-id", fault: "a container's user could be the node's", at: inContainer("securityContext.runAsUser"), put: ({ container }) => (container.securityContext.runAsUser = 1000) },
  { rule: "container-security-context-user-group-id", fault: "a pod's group is left to the image", at: "StatefulSet/store spec.template.spec.containers[0].securityContext.runAsGroup", put: ({ get }) => delete get("StatefulSet/store").spec.template.spec.securityContext.runAsGroup },
  { rule: "drop-all-capabilities", fault: "a container keeps its capabilities", at: inContainer("securityContext.capabilities.drop"), put: ({ container }) => (container.securityContext.capabilities = { drop: ["NET_RAW"] }) },
  { rule: "drop-all-capabilities", fault: "a container takes a capability back", at: inContainer("securityContext.capabilities.add"), put: ({ container }) => (container.securityContext.capabilities.add = ["NET_ADMIN"]) },
  { rule: "container-seccomp-profile", fault: "a pod may make every system call", at: inStore("securityContext.seccompProfile"), put: ({ get }) => delete get("StatefulSet/store").spec.template.spec.securityContext.seccompProfile },
  { rule: "host-access", fault: "a pod mounts Docker's socket", at: inPod("volumes[2].hostPath"), put: ({ pod }) => pod.volumes.push({ name: "docker", hostPath: { path: "/var/run/docker.sock" } }) },
  { rule: "host-access", fault: "a pod sees the node's processes", at: inPod("hostPID"), put: ({ pod }) => (pod.hostPID = true) },
  { rule: "host-access", fault: "a container takes a port of its node", at: inContainer("ports[0].hostPort"), put: ({ container }) => (container.ports[0].hostPort = 80) },
  { rule: "host-access", fault: "a pod changes an unsafe kernel setting", at: inPod("securityContext.sysctls[0]"), put: ({ pod }) => (pod.securityContext.sysctls = [{ name: "kernel.msgmax", value: "65536" }]) },
  { rule: "no-read-only-root-fs", fault: "a container may write to its own files", at: inContainer("securityContext.readOnlyRootFilesystem"), put: ({ container }) => (container.securityContext.readOnlyRootFilesystem = false) },
  { rule: "no-readiness-probe", fault: "a Service sends to a container that never says that it is ready", at: inContainer("readinessProbe"), put: ({ container }) => delete container.readinessProbe },
  { rule: "no-liveness-probe", fault: "nobody asks whether a container still works", at: inContainer("livenessProbe"), put: ({ container }) => delete container.livenessProbe },
  { rule: "pod-probes-identical", fault: "liveness and readiness ask the same", at: inContainer("livenessProbe"), put: ({ container }) => (container.livenessProbe = { ...container.readinessProbe, periodSeconds: 30 }) },
  { rule: "unset-cpu-requirements", fault: "a container requests no CPU", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.containers[0].resources.requests.cpu", put: ({ get }) => delete get("CronJob/cleaner").spec.jobTemplate.spec.template.spec.containers[0].resources.requests.cpu },
  { rule: "unset-memory-requirements", fault: "a container has no memory limit", at: inContainer("resources.limits.memory"), put: ({ container }) => delete container.resources.limits.memory },
  { rule: "container-ephemeral-storage-request-and-limit", fault: "a container may fill the node's disk", at: inContainer("resources.limits.ephemeral-storage"), put: ({ container }) => delete container.resources.limits["ephemeral-storage"] },
  { rule: "service-account-token", fault: "a token is mounted that nothing uses", at: inPod("automountServiceAccountToken"), put: ({ get, pod }) => { delete pod.automountServiceAccountToken; get("StatefulSet/store").spec.template.spec.automountServiceAccountToken = false; delete get("ServiceAccount/api").automountServiceAccountToken; } },
  { rule: "default-service-account", fault: "a pod runs under the default account", at: "StatefulSet/store spec.template.spec.serviceAccountName", put: ({ get }) => { const { spec } = get("StatefulSet/store").spec.template; delete spec.serviceAccountName; spec.automountServiceAccountToken = false; } },
  { rule: "has-poddisruptionbudget", fault: "several pods have no budget", at: "Deployment/api spec.replicas", put: ({ objects, get }) => objects.splice(objects.indexOf(get("PodDisruptionBudget/api")), 1) },
  { rule: "pod-spread", fault: "several pods may land on one node", at: inPod("topologySpreadConstraints"), put: ({ pod }) => delete pod.topologySpreadConstraints },
  { rule: "non-isolated-pod", fault: "no policy limits where pods send to", at: ["!default-deny Namespace/shop metadata.name", "StatefulSet/store spec.template.metadata.labels", "CronJob/cleaner spec.jobTemplate.spec.template.metadata.labels"], put: ({ get }) => (get("NetworkPolicy/default-deny").spec.policyTypes = ["Ingress"]) },
  { rule: "default-deny", fault: "the namespace's policy lets everything in", at: "Namespace/shop metadata.name", put: ({ get }) => (get("NetworkPolicy/default-deny").spec.ingress = [{}]) },
  { rule: "egress-without-dns", fault: "a pod may speak to a Service but not look up its name", at: "Deployment/api spec.template.metadata.labels", put: ({ get }) => get("NetworkPolicy/api").spec.egress.splice(1, 1) },
  { rule: "pod-security-namespace", fault: "the namespace does not enforce the restricted standard", at: 'Namespace/shop metadata.labels["pod-security.kubernetes.io/enforce"]', put: ({ get }) => (get("Namespace/shop").metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline") },
  { rule: "env-var-secret", fault: "a password is written into the manifest", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "ADMIN_PASSWORD", value: "hunter2" }) },
  { rule: "env-var-secret", fault: "an address holds a password", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "DATABASE", value: "postgres://shop:hunter2@db.example.com/shop" }) },
  { rule: "env-var-secret", fault: "a password is an argument", at: inContainer("args[4]"), put: ({ container }) => container.args.push("--admin-password=hunter2") },
  { rule: "sensitive-configmap", fault: "a token is in a ConfigMap", at: "ConfigMap/api data.apiToken", put: ({ get }) => (get("ConfigMap/api").data.apiToken = "f3a9c0") },
  { rule: "sensitive-configmap", fault: "a private key is in a ConfigMap", at: 'ConfigMap/api data["tls.pem"]', put: ({ get }) => (get("ConfigMap/api").data["tls.pem"] = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n") },
  { rule: "pdb-unhealthy-pod-eviction-policy", fault: "a pod that never gets ready blocks a drain", at: "PodDisruptionBudget/api spec.unhealthyPodEvictionPolicy", put: ({ get }) => delete get("PodDisruptionBudget/api").spec.unhealthyPodEvictionPolicy },
  { rule: "ingress-without-tls", fault: "an Ingress speaks plain HTTP", at: "Ingress/shop spec.tls", put: ({ get }) => delete get("Ingress/shop").spec.tls },
  { rule: "wildcard-in-rules", fault: "a Role may do everything", at: "Role/cleaner rules[0].verbs", put: ({ get }) => (get("Role/cleaner").rules[0].verbs = ["*"]) },
  { rule: "cluster-admin-role-binding", fault: "a program owns the cluster", at: "ClusterRoleBinding/cleaner roleRef.name", put: ({ objects }) => objects.push({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "cleaner" }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" }, subjects: [{ kind: "ServiceAccount", name: "cleaner", namespace: "shop" }] }) },
  { rule: "job-ttl-seconds-after-finished", fault: "a finished Job stays for ever", at: "Job/once spec.ttlSecondsAfterFinished", put: ({ get, objects }) => objects.push({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "once", namespace: "shop" }, spec: structuredClone(get("CronJob/cleaner").spec.jobTemplate.spec) }) },
  { rule: "cronjob-has-deadline", fault: "missed runs end a schedule", at: "CronJob/cleaner spec.startingDeadlineSeconds", put: ({ get }) => delete get("CronJob/cleaner").spec.startingDeadlineSeconds },
];
