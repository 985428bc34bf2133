import type { Fault } from "../fault.ts";

const inContainer = (path: string) => `Deployment/api spec.template.spec.containers[0].${path}`;
const inPod = (path: string) => `Deployment/api spec.template.spec.${path}`;

/** What is wrong with one object by itself. */
export const objectFaults: readonly Fault[] = [
  // Fields
  { rule: "unknown-field", fault: "a field of the Deployment is misspelt", at: "Deployment/api spec.replica", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.replica = 3) },
  { rule: "unknown-field", fault: "a field deep in the container is misspelt", at: inContainer("imagePullPolice"), server: "refuses", put: ({ container }) => (container.imagePullPolice = "Always") },
  { rule: "unknown-field", fault: "a field is at the wrong level", at: inContainer("runAsNonRoot"), server: "refuses", put: ({ container }) => (container.runAsNonRoot = true) },
  { rule: "unknown-field", fault: "a field of an env variable is misspelt", at: inContainer("env[0].valeu"), server: "refuses", put: ({ container }) => (container.env[0].valeu = "8080") },
  { rule: "unknown-field", fault: "metadata has a field of the template's", at: "ConfigMap/api metadata.lables", server: "refuses", put: ({ get }) => (get("ConfigMap/api").metadata.lables = { app: "api" }) },
  { rule: "unknown-field", fault: "an empty object hides an unknown field", at: inPod("volumes[1].emptyDir.sizelimit"), server: "refuses", put: ({ pod }) => (pod.volumes[1].emptyDir = { sizelimit: "1Gi" }) },
  { rule: "unknown-field", fault: "a Certificate has a field of an older version", at: "Certificate/shop spec.keyAlgorithm", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.keyAlgorithm = "ecdsa") },
  { rule: "unknown-field", fault: "an issuer's solver has an unknown field", at: "ClusterIssuer/letsencrypt spec.acme.solvers[0].http01.ingress.className", server: "refuses", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec.acme.solvers[0].http01.ingress = { className: "nginx" }) },
  { rule: "schema-validation", fault: "a number is written as text", at: "Deployment/api spec.minReadySeconds", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.minReadySeconds = "10") },
  { rule: "schema-validation", fault: "an env value is a number", at: inContainer("env[0].value"), server: "refuses", put: ({ container }) => (container.env[0].value = 8080) },
  { rule: "schema-validation", fault: "a ConfigMap's value is a boolean", at: "ConfigMap/api data.FEATURE", server: "refuses", put: ({ get }) => (get("ConfigMap/api").data.FEATURE = true) },
  { rule: "schema-validation", fault: "a word is none of those allowed", at: inContainer("imagePullPolicy"), server: "refuses", put: ({ container }) => (container.imagePullPolicy = "IfNotPresnt") },
  { rule: "schema-validation", fault: "a required field is missing", at: "Ingress/shop spec.rules[0].http.paths[0].pathType", server: "refuses", put: ({ get }) => delete get("Ingress/shop").spec.rules[0].http.paths[0].pathType },
  { rule: "schema-validation", fault: "a Secret's value is not base64", at: "Secret/api data.STORE_PASSWORD", server: "refuses", put: ({ get }) => (get("Secret/api").data.STORE_PASSWORD = "hunter2!") },
  { rule: "schema-validation", fault: "a container's port is missing", at: inContainer("ports[2].containerPort"), server: "refuses", put: ({ container }) => container.ports.push({ name: "admin" }) },
  { rule: "schema-validation", fault: "a Certificate's algorithm does not exist", at: "Certificate/shop spec.privateKey.algorithm", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.privateKey = { algorithm: "ecdsa" }) },
  { rule: "unknown-kind", fault: "an apiVersion was dropped years ago", at: "Ingress/old apiVersion", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "extensions/v1beta1", kind: "Ingress", metadata: { name: "old", namespace: "shop" } }) },
  { rule: "unknown-kind", fault: "an apiVersion that the models still have was dropped", at: "PodDisruptionBudget/old apiVersion", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "policy/v1beta1", kind: "PodDisruptionBudget", metadata: { name: "old", namespace: "shop" } }) },
  { rule: "unknown-kind", fault: "a kind is misspelt", at: "Deploymnt/api kind", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "apps/v1", kind: "Deploymnt", metadata: { name: "api", namespace: "shop" } }) },

  { rule: "required-field", fault: "a Deployment has no spec", at: "Deployment/empty spec", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "empty", namespace: "shop" } }) },
  { rule: "required-field", fault: "envFrom names nobody", at: inContainer("envFrom[0].configMapRef.name"), server: "refuses", put: ({ container }) => (container.envFrom[0].configMapRef = {}) },
  { rule: "required-field", fault: "a probe runs no command", at: "StatefulSet/store spec.template.spec.containers[0].readinessProbe.exec.command", server: "refuses", put: ({ get }) => (get("StatefulSet/store").spec.template.spec.containers[0].readinessProbe.exec = {}) },
  { rule: "field-ref", fault: "a variable is from a field that can't be had", at: inContainer("env[1].valueFrom.fieldRef.fieldPath"), server: "refuses", put: ({ container }) => (container.env[1].valueFrom.fieldRef.fieldPath = "metadata.nmae") },
  { rule: "rbac-shape", fault: "a Role has no resources", at: "Role/cleaner rules[0].resources", server: "refuses", put: ({ get }) => delete get("Role/cleaner").rules[0].resources },
  { rule: "rbac-shape", fault: "a binding is for nobody that exists", at: "RoleBinding/cleaner subjects[1].kind", server: "refuses", put: ({ get }) => get("RoleBinding/cleaner").subjects.push({ kind: "ServiceAcount", name: "api", namespace: "shop" }) },
  { rule: "horizontalpodautoscaler-metrics", fault: "a metric's target lacks its value", at: "HorizontalPodAutoscaler/api spec.metrics[0].resource.target.averageUtilization", server: "refuses", put: ({ get }) => delete get("HorizontalPodAutoscaler/api").spec.metrics[0].resource.target.averageUtilization },
  { rule: "horizontalpodautoscaler-metrics", fault: "an autoscaler's policies are none", at: "HorizontalPodAutoscaler/api spec.behavior.scaleDown.policies", server: "refuses", put: ({ get }) => (get("HorizontalPodAutoscaler/api").spec.behavior = { scaleDown: { policies: [] } }) },
  { rule: "horizontalpodautoscaler-metrics", fault: "a metric of the pods has no average", at: "HorizontalPodAutoscaler/api spec.metrics[1].pods.target.averageValue", server: "refuses", put: ({ get }) => measure(get, { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "Value", value: "10" } } }) },
  { rule: "horizontalpodautoscaler-metrics", fault: "a metric from outside has a utilization", at: "HorizontalPodAutoscaler/api spec.metrics[1].external.target.value", server: "refuses", put: ({ get }) => measure(get, { type: "External", external: { metric: { name: "queue" }, target: { type: "Utilization", averageUtilization: 50 } } }) },
  { rule: "horizontalpodautoscaler-metrics", fault: "a target has two values", at: "HorizontalPodAutoscaler/api spec.metrics[0].resource.target.averageValue", server: "refuses", put: ({ get }) => (get("HorizontalPodAutoscaler/api").spec.metrics[0].resource.target.averageValue = "500m") },
  { rule: "horizontalpodautoscaler-metrics", fault: "a metric has two sources", at: "HorizontalPodAutoscaler/api spec.metrics[0].pods", server: "refuses", put: ({ get }) => (get("HorizontalPodAutoscaler/api").spec.metrics[0].pods = { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } }) },
  { rule: "horizontalpodautoscaler-metrics", fault: "an object's metric has another type than its value", at: "HorizontalPodAutoscaler/api spec.metrics[1].object.target.value", put: ({ get }) => measure(get, { type: "Object", object: { metric: { name: "rps" }, describedObject: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "shop" }, target: { type: "Value", averageValue: "10" } } }) },

  // Names and labels
  { rule: "valid-name", fault: "a name has an underscore", at: "ConfigMap/shop_settings metadata.name", server: "refuses", put: ({ objects }) => objects.push(configMap("shop_settings")) },
  { rule: "valid-name", fault: "a name is in capitals", at: "ConfigMap/Settings metadata.name", server: "refuses", put: ({ objects }) => objects.push(configMap("Settings")) },
  { rule: "valid-name", fault: "a name is missing", at: "ConfigMap/ metadata.name", server: "refuses", put: ({ objects }) => objects.push({ ...configMap(""), metadata: { namespace: "shop" } }) },
  { rule: "valid-name", fault: "a Service's name has a dot", at: "Service/api.v2 metadata.name", server: "refuses", put: ({ get, objects }) => objects.push({ ...structuredClone(get("Service/api")), metadata: { name: "api.v2", namespace: "shop" } }) },
  { rule: "valid-name", fault: "a CronJob's name leaves no room for its Jobs'", at: `CronJob/${"c".repeat(53)} metadata.name`, server: "refuses", put: ({ get }) => (get("CronJob/cleaner").metadata.name = "c".repeat(53)) },
  { rule: "valid-name", fault: "a StatefulSet's name leaves no room for its revisions'", at: `StatefulSet/${"s".repeat(53)} metadata.name`, put: ({ get }) => (get("StatefulSet/store").metadata.name = "s".repeat(53)) },
  { rule: "valid-name", fault: "a StatefulSet's name has a dot", at: "StatefulSet/store.v2 metadata.name", server: "refuses", put: ({ get }) => (get("StatefulSet/store").metadata.name = "store.v2") },
  { rule: "label-values", fault: "a label's value has a space", at: "Deployment/api metadata.labels.app", server: "refuses", put: ({ get }) => (get("Deployment/api").metadata.labels.app = "the api") },
  { rule: "label-values", fault: "a label's value is too long", at: "Deployment/api metadata.labels.commit", server: "refuses", put: ({ get }) => (get("Deployment/api").metadata.labels.commit = "f".repeat(64)) },
  { rule: "label-values", fault: "a label's key has two slashes", at: 'Deployment/api metadata.labels["a/b/c"]', server: "refuses", put: ({ get }) => (get("Deployment/api").metadata.labels["a/b/c"] = "x") },
  { rule: "label-values", fault: "a pod template's label ends with a dash", at: "Deployment/api spec.template.metadata.labels.version", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.template.metadata.labels.version = "v1-") },
  { rule: "label-values", fault: "an annotation's key has a space", at: 'ConfigMap/api metadata.annotations["the team"]', server: "refuses", put: ({ get }) => (get("ConfigMap/api").metadata.annotations = { "the team": "shop" }) },

  { rule: "label-values", fault: "a selector's operator wants values", at: "NetworkPolicy/api spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values", server: "refuses", put: ({ get }) => (get("NetworkPolicy/api").spec.ingress[0].from[0].namespaceSelector.matchExpressions = [{ key: "team", operator: "In" }]) },

  // Numbers and amounts
  { rule: "number-range", fault: "replicas are negative", at: "StatefulSet/store spec.replicas", server: "refuses", put: ({ get }) => (get("StatefulSet/store").spec.replicas = -1) },
  { rule: "number-range", fault: "a container's port is over 65535", at: inContainer("ports[2].containerPort"), server: "refuses", put: ({ container }) => container.ports.push({ name: "admin", containerPort: 80800 }) },
  { rule: "number-range", fault: "a Service's port is 0", at: "Service/store spec.ports[0].port", server: "refuses", put: ({ get }) => (get("Service/store").spec.ports[0].port = 0) },
  { rule: "number-range", fault: "a liveness probe wants two successes", at: inContainer("livenessProbe.successThreshold"), server: "refuses", put: ({ container }) => (container.livenessProbe.successThreshold = 2) },
  { rule: "number-range", fault: "a probe's period is negative", at: inContainer("readinessProbe.periodSeconds"), server: "refuses", put: ({ container }) => (container.readinessProbe.periodSeconds = -5) },
  { rule: "number-range", fault: "a spread's skew is 0", at: inPod("topologySpreadConstraints[0].maxSkew"), server: "refuses", put: ({ pod }) => (pod.topologySpreadConstraints[0].maxSkew = 0) },
  { rule: "number-range", fault: "a Job's retries are negative", at: "Job/once spec.backoffLimit", server: "refuses", put: ({ get, objects }) => objects.push(job(get, { backoffLimit: -1 })) },
  { rule: "number-range", fault: "a container's user is negative", at: [inContainer("securityContext.runAsUser"), "!container-security-context-user-group-id " + inContainer("securityContext.runAsUser")], server: "refuses", put: ({ container }) => (container.securityContext.runAsUser = -1) },
  { rule: "number-range", fault: "a hook's port is over 65535", at: inContainer("lifecycle.preStop.httpGet.port"), server: "refuses", put: ({ container }) => (container.lifecycle = { preStop: { httpGet: { path: "/quit", port: 80800 } } }) },
  { rule: "number-range", fault: "pods are ready after the deadline of their rollout, which is 600 s", at: "Deployment/api spec.progressDeadlineSeconds", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.minReadySeconds = 900) },
  { rule: "schema-validation", fault: "a memory unit does not exist", at: inContainer("resources.limits.memory"), server: "refuses", put: ({ container }) => (container.resources.limits.memory = "512MB") },
  { rule: "valid-quantity", fault: "a unit is one of the metric system, but not of Kubernetes", at: inContainer("resources.limits.memory"), server: "refuses", put: ({ container }) => (container.resources.limits.memory = "5120000h") },
  { rule: "valid-quantity", fault: "memory is given in thousandths of a byte", at: inContainer("resources.limits.memory"), put: ({ container }) => { container.resources.limits.memory = "512m"; container.resources.requests.memory = "0"; } },
  { rule: "valid-quantity", fault: "a request is negative", at: inContainer("resources.requests.cpu"), server: "refuses", put: ({ container }) => (container.resources.requests.cpu = "-100m") },
  { rule: "valid-quantity", fault: "a volume that lives with the pod has a negative size", at: inPod("volumes[2].ephemeral.volumeClaimTemplate.spec.resources.requests.storage"), server: "refuses", put: ({ pod }) => pod.volumes.push(ephemeral({ accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "-1Gi" } } })) },
  { rule: "requests-within-limits", fault: "more memory is requested than allowed", at: inContainer("resources.requests.memory"), server: "refuses", put: ({ container }) => (container.resources.requests.memory = "1Gi") },
  { rule: "requests-within-limits", fault: "more cores are requested than allowed", at: "StatefulSet/store spec.template.spec.containers[0].resources.requests.cpu", server: "refuses", put: ({ get }) => (get("StatefulSet/store").spec.template.spec.containers[0].resources.requests.cpu = "1500m") },
  { rule: "requests-within-limits", fault: "a pod as a whole requests more cores than allowed", at: inPod("resources.requests.cpu"), server: "refuses", put: ({ pod }) => (pod.resources = { requests: { cpu: "2" }, limits: { cpu: "1" } }) },

  // Twice the same
  { rule: "duplicate-env-var", fault: "a variable is set twice", at: inContainer("env[4]"), server: "refuses", put: ({ container }) => container.env.push({ name: "PORT", value: "8081" }) },
  { rule: "duplicate-name", fault: "two containers have one name", at: inPod("containers[0].name"), server: "refuses", put: ({ pod }) => (pod.initContainers[0].name = "api") },
  { rule: "duplicate-name", fault: "two volumes have one name", at: inPod("volumes[2].name"), server: "refuses", put: ({ pod }) => pod.volumes.push({ name: "tmp", emptyDir: {} }) },
  { rule: "duplicate-name", fault: "two ports have one name", at: inContainer("ports[2].name"), server: "refuses", put: ({ container }) => container.ports.push({ name: "http", containerPort: 8081 }) },
  { rule: "duplicate-name", fault: "one port is listed twice", at: inContainer("ports[2]"), server: "refuses", put: ({ container }) => container.ports.push({ name: "web", containerPort: 8080 }) },
  { rule: "duplicate-name", fault: "two mounts are at one path", at: inContainer("volumeMounts[2].mountPath"), server: "refuses", put: ({ container }) => container.volumeMounts.push({ name: "tmp", mountPath: "/etc/shop" }) },
  { rule: "duplicate-name", fault: "two ports of a Service have one number", at: "Service/api spec.ports[2].port", server: "refuses", put: ({ get }) => get("Service/api").spec.ports.push({ name: "again", port: 80, targetPort: "http" }) },
  { rule: "valid-port-name", fault: "a port's name is over 15 characters", at: inContainer("ports[1].name"), server: "refuses", put: ({ container }) => (container.ports[1].name = "prometheus-metrics") },
  { rule: "valid-port-name", fault: "one of several ports of a Service has no name", at: "Service/api spec.ports[1].name", server: "refuses", put: ({ get }) => delete get("Service/api").spec.ports[1].name },

  // Pods
  { rule: "volume-mounts", fault: "a mount's volume is misspelt", at: inContainer("volumeMounts[0].name"), server: "refuses", put: ({ container }) => (container.volumeMounts[0].name = "setings") },
  { rule: "volume-mounts", fault: "a mount leaves its volume by subPath", at: inContainer("volumeMounts[0].subPath"), server: "refuses", put: ({ container }) => (container.volumeMounts[0].subPath = "../other") },
  { rule: "one-of", fault: "a variable has both value and valueFrom", at: inContainer("env[1]"), server: "refuses", put: ({ container }) => (container.env[1].value = "api-0") },
  { rule: "one-of", fault: "a volume has two sources", at: inPod("volumes[1]"), server: "refuses", put: ({ pod }) => (pod.volumes[1].configMap = { name: "api" }) },
  { rule: "one-of", fault: "a probe asks in no way", at: inContainer("livenessProbe"), server: "refuses", put: ({ container }) => (container.livenessProbe = { periodSeconds: 10 }) },
  { rule: "one-of", fault: "a probe asks in two ways", at: inContainer("livenessProbe"), server: "refuses", put: ({ container }) => (container.livenessProbe.tcpSocket = { port: "http" }) },
  { rule: "one-of", fault: "valueFrom is empty", at: inContainer("env[1].valueFrom"), server: "refuses", put: ({ container }) => (container.env[1].valueFrom = {}) },
  { rule: "valid-env-name", fault: "a variable's name has an equals sign", at: inContainer("env[4].name"), server: "refuses", put: ({ container }) => container.env.push({ name: "A=B", value: "c" }) },
  { rule: "no-containers", fault: "the list of containers is empty", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.containers", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.jobTemplate.spec.template.spec.containers = []) },
  { rule: "no-containers", fault: "a container has no image", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.containers[0].image", server: "refuses", put: ({ get }) => delete get("CronJob/cleaner").spec.jobTemplate.spec.template.spec.containers[0].image },
  { rule: "no-containers", fault: "a container's name has an underscore", at: inContainer("name"), server: "refuses", put: ({ container }) => (container.name = "shop_api") },
  { rule: "image-reference", fault: "an image is in capitals", at: inContainer("image"), put: ({ container }) => (container.image = "registry.example.com/Shop/Api:1.4.2") },
  { rule: "image-reference", fault: "an image has a scheme", at: inContainer("image"), put: ({ container }) => (container.image = "https://registry.example.com/shop/api:1.4.2") },
  { rule: "image-reference", fault: "an image's digest is cut short", at: inContainer("image"), put: ({ container }) => (container.image = `registry.example.com/shop/api@sha256:${"0".repeat(40)}`) },
  { rule: "liveness-port", fault: "a liveness probe's port name is misspelt", at: inContainer("livenessProbe.httpGet.port"), put: ({ container }) => (container.livenessProbe.httpGet.port = "htpp") },
  { rule: "readiness-port", fault: "a readiness probe asks an undeclared port", at: inContainer("readinessProbe.httpGet.port"), put: ({ container }) => (container.readinessProbe.httpGet.port = 8081) },
  { rule: "startup-port", fault: "a startup probe's port name does not exist", at: inContainer("startupProbe.httpGet.port"), put: ({ container }) => (container.startupProbe.httpGet.port = "admin") },
  { rule: "liveness-port", fault: "a liveness probe's port is a number in quotes", at: inContainer("livenessProbe.httpGet.port"), server: "refuses", put: ({ container }) => (container.livenessProbe.httpGet.port = "8080") },
  { rule: "lifecycle-port", fault: "a hook's port name is misspelt", at: inContainer("lifecycle.preStop.httpGet.port"), put: ({ container }) => (container.lifecycle = { preStop: { httpGet: { path: "/quit", port: "htpp" } } }) },
  { rule: "lifecycle-port", fault: "a hook's port is a number in quotes", at: inContainer("lifecycle.postStart.httpGet.port"), server: "refuses", put: ({ container }) => (container.lifecycle = { postStart: { httpGet: { path: "/warm", port: "8080" } } }) },
  { rule: "restart-policy", fault: "a Deployment's pods run once", at: inPod("restartPolicy"), server: "refuses", put: ({ pod }) => (pod.restartPolicy = "OnFailure") },
  { rule: "restart-policy", fault: "a CronJob's pods run for ever", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.restartPolicy", server: "refuses", put: ({ get }) => delete get("CronJob/cleaner").spec.jobTemplate.spec.template.spec.restartPolicy },
  { rule: "security-context-conflict", fault: "a container is root and must not be", at: [inContainer("securityContext.runAsUser"), "!container-security-context-user-group-id " + inContainer("securityContext.runAsUser")], put: ({ container }) => (container.securityContext.runAsUser = 0) },
  { rule: "deprecated-service-account-field", fault: "the account stands in the old field", at: inPod("serviceAccount"), put: ({ pod }) => { delete pod.serviceAccountName; pod.serviceAccount = "api"; pod.serviceAccountName = "cleaner"; } },
  { rule: "deprecated-service-account-field", fault: "the account stands in the old field only", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.serviceAccount", put: ({ get }) => { const { spec } = get("CronJob/cleaner").spec.jobTemplate.spec.template; spec.serviceAccount = spec.serviceAccountName; delete spec.serviceAccountName; } },

  // Workloads, Services, configuration
  { rule: "mismatching-selector", fault: "a Deployment does not select its own pods", at: "Deployment/api spec.template.metadata.labels", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.selector.matchLabels = { app: "api", tier: "web" }) },
  { rule: "mismatching-selector", fault: "a Deployment's selector is empty", at: "Deployment/api spec.selector", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.selector = {}) },
  { rule: "deployment-strategy", fault: "Recreate has settings of a rolling update", at: "Deployment/api spec.strategy.rollingUpdate", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.strategy.type = "Recreate") },
  { rule: "deployment-strategy", fault: "a rolling update may neither add nor remove", at: "Deployment/api spec.strategy.rollingUpdate", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.strategy.rollingUpdate = { maxSurge: 0, maxUnavailable: "0%" }) },
  { rule: "deployment-strategy", fault: "a rolling update may remove more pods than there are", at: "Deployment/api spec.strategy.rollingUpdate.maxUnavailable", server: "refuses", put: ({ get }) => (get("Deployment/api").spec.strategy.rollingUpdate.maxUnavailable = "150%") },
  { rule: "deployment-strategy", fault: "a DaemonSet may add more pods than there are nodes", at: "DaemonSet/agent spec.updateStrategy.rollingUpdate.maxSurge", server: "refuses", put: ({ get, objects }) => objects.push(daemonSet(get, { rollingUpdate: { maxSurge: "150%", maxUnavailable: 0 } })) },
  { rule: "service-shape", fault: "a Service has no ports", at: "Service/plain spec.ports", server: "refuses", put: ({ objects }) => objects.push(service("plain", { selector: { app: "api" } })) },
  { rule: "service-shape", fault: "a ClusterIP Service asks for a node's port", at: "Service/api spec.ports[0].nodePort", server: "refuses", put: ({ get }) => { get("Service/api").spec.type = "ClusterIP"; get("Service/api").spec.ports[0].nodePort = 30080; } },
  { rule: "service-shape", fault: "an ExternalName has no name", at: "Service/elsewhere spec.externalName", server: "refuses", put: ({ objects }) => objects.push(service("elsewhere", { type: "ExternalName" })) },
  { rule: "valid-config-key", fault: "a ConfigMap's key has a slash", at: 'ConfigMap/api data["etc/settings"]', server: "refuses", put: ({ get }) => (get("ConfigMap/api").data["etc/settings"] = "x") },
  { rule: "valid-config-key", fault: "a ConfigMap is larger than 1 MiB", at: "ConfigMap/api data", server: "refuses", put: ({ get }) => (get("ConfigMap/api").data.large = "x".repeat(2 ** 20 + 1)) },
  { rule: "valid-config-key", fault: "a Secret is larger than 1 MiB", at: "Secret/api data", server: "refuses", put: ({ get }) => (get("Secret/api").data.large = Buffer.alloc(2 ** 20).toString("base64")) },
  { rule: "secret-type", fault: "a TLS Secret has no key", at: "Secret/tls data", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "v1", kind: "Secret", metadata: { name: "tls", namespace: "shop" }, type: "kubernetes.io/tls", data: { "tls.crt": "" } }) },
  { rule: "persistent-volume-claim", fault: "a claim asks for no size", at: "PersistentVolumeClaim/reports spec.resources.requests.storage", server: "refuses", put: ({ get }) => delete get("PersistentVolumeClaim/reports").spec.resources },
  { rule: "persistent-volume-claim", fault: "a claim template has no access mode", at: "StatefulSet/store spec.volumeClaimTemplates[0].spec.accessModes", server: "refuses", put: ({ get }) => delete get("StatefulSet/store").spec.volumeClaimTemplates[0].spec.accessModes },
  { rule: "persistent-volume-claim", fault: "a volume that lives with the pod has no access mode", at: inPod("volumes[2].ephemeral.volumeClaimTemplate.spec.accessModes"), server: "refuses", put: ({ pod }) => pod.volumes.push(ephemeral({ resources: { requests: { storage: "1Gi" } } })) },
  { rule: "cron-schedule", fault: "a schedule has four fields", at: "CronJob/cleaner spec.schedule", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.schedule = "30 4 * *") },
  { rule: "cron-schedule", fault: "Sunday is 7", at: "CronJob/cleaner spec.schedule", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.schedule = "30 4 * * 7") },
  { rule: "cron-schedule", fault: "an hour is 24", at: "CronJob/cleaner spec.schedule", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.schedule = "0 24 * * *") },
  { rule: "cron-schedule", fault: "a time zone does not exist", at: "CronJob/cleaner spec.timeZone", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.timeZone = "Europe/Zuerich") },
  { rule: "cron-schedule", fault: "a time zone is in the wrong capitals", at: "CronJob/cleaner spec.timeZone", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.timeZone = "Europe/zurich") },
  { rule: "cron-schedule", fault: "a time zone is an abbreviation", at: "CronJob/cleaner spec.timeZone", server: "refuses", put: ({ get }) => (get("CronJob/cleaner").spec.timeZone = "PST") },
  { rule: "horizontalpodautoscaler-replicas", fault: "the minimum is over the maximum", at: "HorizontalPodAutoscaler/api spec.minReplicas", server: "refuses", put: ({ get }) => (get("HorizontalPodAutoscaler/api").spec.minReplicas = 7) },
  { rule: "horizontalpodautoscaler-replicas", fault: "the minimum of an autoscaler of autoscaling/v1 is over its maximum", at: "HorizontalPodAutoscaler/api spec.minReplicas", server: "refuses", put: ({ get }) => (ofV1(get("HorizontalPodAutoscaler/api")).spec.minReplicas = 7) },
  { rule: "poddisruptionbudget-has-policy", fault: "a budget has both limits", at: "PodDisruptionBudget/api spec", server: "refuses", put: ({ get }) => (get("PodDisruptionBudget/api").spec.minAvailable = 1) },
  { rule: "poddisruptionbudget-has-policy", fault: "a budget allows more pods away than there are", at: "PodDisruptionBudget/api spec.maxUnavailable", server: "refuses", put: ({ get }) => (get("PodDisruptionBudget/api").spec.maxUnavailable = "150%") },

  // Network
  { rule: "ingress-shape", fault: "a host has a scheme", at: "Ingress/extra spec.rules[0].host", server: "refuses", put: ({ objects }) => objects.push(ingress({ host: "https://shop.example.com" })) },
  { rule: "ingress-shape", fault: "a host is an address", at: "Ingress/extra spec.rules[0].host", server: "refuses", put: ({ objects }) => objects.push(ingress({ host: "192.0.2.1" })) },
  { rule: "ingress-shape", fault: "an annotation names another class", at: "Ingress/shop metadata.annotations", server: "refuses", put: ({ get }) => (get("Ingress/shop").metadata.annotations = { "kubernetes.io/ingress.class": "traefik" }) },
  { rule: "ingress-shape", fault: "a path is relative", at: "Ingress/extra spec.rules[0].http.paths[0].path", server: "refuses", put: ({ objects }) => objects.push(ingress({ path: "images" })) },
  { rule: "ingress-shape", fault: "a backend's port has name and number", at: "Ingress/extra spec.rules[0].http.paths[0].backend.service.port", server: "refuses", put: ({ objects }) => objects.push(ingress({ port: { name: "http", number: 80 } })) },
  { rule: "networkpolicy-shape", fault: "an address block has too many bits", at: "NetworkPolicy/api spec.egress[2].to[0].ipBlock.cidr", server: "refuses", put: ({ get }) => (get("NetworkPolicy/api").spec.egress[2].to[0].ipBlock = { cidr: "10.0.0.0/33" }) },
  { rule: "networkpolicy-shape", fault: "an exception lies outside of its block", at: "NetworkPolicy/api spec.egress[2].to[0].ipBlock.except[0]", server: "refuses", put: ({ get }) => (get("NetworkPolicy/api").spec.egress[2].to[0].ipBlock.except = ["192.168.0.0/16"]) },
  { rule: "networkpolicy-shape", fault: "a port range runs backwards", at: "NetworkPolicy/api spec.egress[2].ports[0].endPort", server: "refuses", put: ({ get }) => (get("NetworkPolicy/api").spec.egress[2].ports[0].endPort = 80) },
  { rule: "networkpolicy-shape", fault: "rules of a direction that the policy leaves out", at: "NetworkPolicy/extra spec.egress", put: ({ objects }) => objects.push(policy({ podSelector: {}, policyTypes: ["Ingress"], egress: [{ ports: [{ port: 443 }] }] })) },

  // cert-manager
  { rule: "issuer-type", fault: "an issuer has no type", at: "ClusterIssuer/letsencrypt spec", server: "refuses", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec = {}) },
  { rule: "issuer-type", fault: "an issuer has two types", at: "ClusterIssuer/letsencrypt spec", server: "refuses", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec.vault = { server: "https://vault.example.com", path: "pki", auth: { tokenSecretRef: { name: "vault", key: "token" } } }) },
  { rule: "issuer-type", fault: "a solver solves in no way", at: "ClusterIssuer/letsencrypt spec.acme.solvers[0]", server: "refuses", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec.acme.solvers = [{}]) },
  { rule: "certificate-names", fault: "a Certificate is for nobody", at: "Certificate/internal spec.dnsNames", server: "refuses", put: ({ objects }) => objects.push(certificate({ dnsNames: [] })) },
  { rule: "certificate-names", fault: "a name of a Certificate has a port", at: "Certificate/internal spec.dnsNames[0]", put: ({ objects }) => objects.push(certificate({ dnsNames: ["shop.example.com:443"] })) },
  { rule: "certificate-names", fault: "a common name is over 64 characters", at: "Certificate/internal spec.commonName", server: "refuses", put: ({ objects }) => objects.push(certificate({ commonName: `${"a".repeat(60)}.example.com` })) },
  { rule: "certificate-duration", fault: "a duration is in days", at: "Certificate/shop spec.duration", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.duration = "90d") },
  { rule: "certificate-duration", fault: "renewal is before the beginning", at: "Certificate/shop spec.renewBefore", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.renewBefore = "2160h") },
  { rule: "certificate-duration", fault: "a certificate lasts minutes", at: "Certificate/internal spec.duration", server: "refuses", put: ({ objects }) => objects.push(certificate({ duration: "30m" })) },
  { rule: "certificate-key", fault: "a key's size is another algorithm's", at: "Certificate/shop spec.privateKey.size", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.privateKey.size = 2048) },
  { rule: "certificate-key", fault: "an RSA key is too short", at: "Certificate/shop spec.privateKey.size", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.privateKey = { algorithm: "RSA", size: 1024 }) },
];

function configMap(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop" }, data: {} };
}
function service(name: string, spec: object) {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec };
}
function policy(spec: object) {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "extra", namespace: "shop" }, spec };
}
function certificate(spec: object) {
  const common = { secretName: "internal-tls", dnsNames: ["internal.example.com"], issuerRef: { kind: "ClusterIssuer", name: "letsencrypt" } };
  return { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name: "internal", namespace: "shop" }, spec: { ...common, ...spec } };
}
function job(get: (name: string) => any, spec: object) {
  const { template } = structuredClone(get("CronJob/cleaner").spec.jobTemplate.spec);
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: "once", namespace: "shop" }, spec: { ttlSecondsAfterFinished: 600, template, ...spec } };
}
function daemonSet(get: (name: string) => any, updateStrategy: object) {
  const { template } = structuredClone(get("CronJob/cleaner").spec.jobTemplate.spec);
  delete template.spec.restartPolicy;
  template.spec.containers[0].livenessProbe = { exec: { command: ["true"] } };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", namespace: "shop" }, spec: { selector: { matchLabels: { app: "cleaner" } }, template, updateStrategy } };
}
function ephemeral(spec: object) {
  return { name: "scratch", ephemeral: { volumeClaimTemplate: { spec } } };
}
function measure(get: (name: string) => any, metric: object) {
  get("HorizontalPodAutoscaler/api").spec.metrics.push(metric);
}
/** As it was before there were metrics. */
export function ofV1(autoscaler: any) {
  autoscaler.apiVersion = "autoscaling/v1";
  delete autoscaler.spec.metrics;
  autoscaler.spec.targetCPUUtilizationPercentage = 70;
  return autoscaler;
}
export function ingress({ host = "api.shop.example.com", path = "/v2", port = { name: "http" } as object, service = "api" }) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "extra", namespace: "shop" },
    // Without hosts the Secret's certificate decides.
    spec: { ingressClassName: "nginx", tls: [{ secretName: "shop-tls" }], rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend: { service: { name: service, port } } }] } }] },
  };
}
