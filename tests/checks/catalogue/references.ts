import type { Fault } from "../fault.ts";
import { ingress, ofV1 } from "./object.ts";

const inContainer = (path: string) => `Deployment/api spec.template.spec.containers[0].${path}`;
const inPod = (path: string) => `Deployment/api spec.template.spec.${path}`;

/** What is wrong between objects. The API server takes nearly all of it: it shows in the running application only. */
export const referenceFaults: readonly Fault[] = [
  { rule: "missing-config-map", fault: "envFrom names a ConfigMap that does not exist", at: inContainer("envFrom[0].configMapRef"), put: ({ container }) => (container.envFrom[0].configMapRef.name = "apii") },
  { rule: "missing-config-map", fault: "a variable names a key that the ConfigMap does not have", at: inContainer("env[3].valueFrom.configMapKeyRef"), put: ({ container }) => (container.env[3].valueFrom.configMapKeyRef.key = "setings.json") },
  { rule: "missing-config-map", fault: "a volume takes a key that the ConfigMap does not have", at: inPod("volumes[0].configMap.items[0].key"), put: ({ pod }) => (pod.volumes[0].configMap.items[0].key = "settings.yaml") },
  { rule: "missing-config-map", fault: "the ConfigMap is in another namespace", at: inContainer("envFrom[1].configMapRef"), put: ({ container, objects }) => { objects.push({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "shared", namespace: "default" } }); container.envFrom.push({ configMapRef: { name: "shared" } }); } },
  { rule: "missing-secret", fault: "a variable names a Secret that nobody makes", at: inContainer("env[2].valueFrom.secretKeyRef"), put: ({ container }) => (container.env[2].valueFrom.secretKeyRef.name = "shop-secrets") },
  { rule: "missing-secret", fault: "a variable names a key that the Secret does not have", at: inContainer("env[2].valueFrom.secretKeyRef"), put: ({ container }) => (container.env[2].valueFrom.secretKeyRef.key = "STORE_PASSWROD") },
  { rule: "missing-secret", fault: "a projected volume takes a key that a Certificate does not write", at: inPod("volumes[2].projected.sources[0].secret.items[0].key"), put: ({ pod }) => pod.volumes.push({ name: "tls", projected: { sources: [{ secret: { name: "shop-tls", items: [{ key: "tls.pem", path: "tls.pem" }] } }] } }) },
  { rule: "undefined-variable", fault: "an argument takes a variable that the container does not have", at: inContainer("args[1]"), put: ({ container }) => (container.args[1] = "$(PROT)") },
  { rule: "non-existent-service-account", fault: "the pods' account does not exist", at: inPod("serviceAccountName"), put: ({ pod }) => (pod.serviceAccountName = "app") },
  { rule: "missing-pvc", fault: "a volume's claim does not exist", at: "CronJob/cleaner spec.jobTemplate.spec.template.spec.volumes[0].persistentVolumeClaim.claimName", put: ({ get }) => (get("CronJob/cleaner").spec.jobTemplate.spec.template.spec.volumes[0].persistentVolumeClaim.claimName = "report") },
  { rule: "missing-role", fault: "a binding's Role does not exist", at: "RoleBinding/cleaner roleRef.name", put: ({ get }) => (get("RoleBinding/cleaner").roleRef.name = "cleaners") },
  { rule: "missing-role", fault: "a binding's account does not exist", at: "RoleBinding/cleaner subjects[1].name", put: ({ get }) => get("RoleBinding/cleaner").subjects.push({ kind: "ServiceAccount", name: "cleaners" }) },

  // Services
  { rule: "dangling-service", fault: "a Service selects no pod", at: "Service/extra spec.selector", put: ({ objects }) => objects.push(service({ app: "web" })) },
  { rule: "dangling-service", fault: "a Service selects pods of another namespace", at: "Service/extra spec.selector", put: ({ objects }) => objects.push({ ...service({ app: "api" }), metadata: { name: "extra", namespace: "default" } }) },
  { rule: "invalid-target-ports", fault: "a Service's target port name does not exist", at: "Service/api spec.ports[0].targetPort", put: ({ get }) => (get("Service/api").spec.ports[0].targetPort = "https") },
  { rule: "invalid-target-ports", fault: "a Service's target port is not declared", at: "Service/api spec.ports[1].targetPort", put: ({ get }) => (get("Service/api").spec.ports[1].targetPort = 9091) },
  { rule: "dangling-service-address", fault: "a ConfigMap's address names no Service", at: "ConfigMap/api data.STORE_URL", put: ({ get }) => (get("ConfigMap/api").data.STORE_URL = "redis://stroe:6379") },
  { rule: "dangling-service-address", fault: "a variable's address has the container's port, not the Service's", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "SELF", value: "http://api:8080/x" }) },
  { rule: "dangling-service-address", fault: "a full address names a Service that the namespace does not have", at: "ConfigMap/api data.STORE_URL", put: ({ get }) => (get("ConfigMap/api").data.STORE_URL = "redis://cache.shop.svc.cluster.local:6379") },
  { rule: "statefulset-has-servicename", fault: "a StatefulSet's Service does not exist", at: "StatefulSet/store spec.serviceName", put: ({ get }) => (get("StatefulSet/store").spec.serviceName = "stores") },
  { rule: "statefulset-has-servicename", fault: "a StatefulSet's Service is not headless", at: "StatefulSet/store spec.serviceName", put: ({ get }) => delete get("Service/store").spec.clusterIP },

  // Ingress and certificates
  { rule: "dangling-ingress", fault: "an Ingress names a Service that does not exist", at: "Ingress/shop spec.rules[0].http.paths[0].backend.service.name", put: ({ get }) => (get("Ingress/shop").spec.rules[0].http.paths[0].backend.service.name = "app") },
  { rule: "dangling-ingress", fault: "an Ingress names a port that the Service does not have", at: "Ingress/shop spec.rules[0].http.paths[0].backend.service.port.name", put: ({ get }) => (get("Ingress/shop").spec.rules[0].http.paths[0].backend.service.port.name = "web") },
  { rule: "dangling-ingress", fault: "an Ingress gives the container's port, not the Service's", at: "Ingress/shop spec.rules[1].http.paths[0].backend.service.port.number", put: ({ get }) => (get("Ingress/shop").spec.rules[1].http.paths[0].backend.service.port.number = 8080) },
  { rule: "ingress-tls-hosts", fault: "a rule's host is missing in the TLS section", at: "Ingress/shop spec.rules[1].host", put: ({ get }) => { get("Ingress/shop").spec.tls[0].hosts.pop(); get("Certificate/shop").spec.dnsNames.pop(); } },
  { rule: "ingress-tls-hosts", fault: "the TLS section has a host that no rule serves", at: "Ingress/shop spec.tls[0].hosts[2]", put: ({ get }) => { get("Ingress/shop").spec.tls[0].hosts.push("www.shop.example.com"); get("Certificate/shop").spec.dnsNames.push("www.shop.example.com"); } },
  { rule: "ingress-certificate", fault: "the certificate is not for a host", at: "Ingress/shop spec.tls[0].hosts[1]", put: ({ get }) => get("Certificate/shop").spec.dnsNames.pop() },
  { rule: "ingress-certificate", fault: "nobody writes the TLS Secret", at: "Ingress/shop spec.tls[0].secretName", put: ({ get }) => (get("Ingress/shop").spec.tls[0].secretName = "shop-cert") },
  { rule: "ingress-certificate", fault: "the certificate has a name that no Ingress serves", at: "Certificate/shop spec.dnsNames[2]", put: ({ get }) => get("Certificate/shop").spec.dnsNames.push("old.shop.example.com") },
  { rule: "duplicate-host-path", fault: "two Ingresses serve one host and path", at: "Ingress/extra spec.rules[0].http.paths[0]", put: ({ objects }) => objects.push(ingress({ host: "api.shop.example.com", path: "/" })) },
  { rule: "missing-issuer", fault: "a Certificate's issuer does not exist", at: "Certificate/shop spec.issuerRef.name", put: ({ get }) => (get("Certificate/shop").spec.issuerRef.name = "lets-encrypt") },
  { rule: "missing-issuer", fault: "a Certificate's issuer is of the wrong kind", at: "Certificate/shop spec.issuerRef.name", put: ({ get }) => delete get("Certificate/shop").spec.issuerRef.kind },
  { rule: "missing-issuer", fault: "an issuer's kind is misspelt", at: "Certificate/shop spec.issuerRef.kind", server: "refuses", put: ({ get }) => (get("Certificate/shop").spec.issuerRef.kind = "ClusterIsuer") },
  { rule: "missing-issuer", fault: "two Certificates write one Secret", at: "Certificate/again spec.secretName", put: ({ get, objects }) => objects.push({ ...structuredClone(get("Certificate/shop")), metadata: { name: "again", namespace: "shop" } }) },

  // Scaling and disruption
  { rule: "dangling-horizontalpodautoscaler", fault: "an autoscaler's target does not exist", at: "HorizontalPodAutoscaler/other spec.scaleTargetRef.name", put: ({ get, objects }) => objects.push(autoscaler(get, { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "apii" } })) },
  { rule: "dangling-horizontalpodautoscaler", fault: "an autoscaler measures what the pods don't request", at: "HorizontalPodAutoscaler/other spec.metrics[0]", put: ({ get, objects }) => { const container = get("StatefulSet/store").spec.template.spec.containers[0]; delete get("StatefulSet/store").spec.replicas; container.resources.requests["ephemeral-storage"] = "16Mi"; objects.push(autoscaler(get, { minReplicas: 1, maxReplicas: 1, scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: "store" }, metrics: [{ type: "Resource", resource: { name: "nvidia.com/gpu", target: { type: "Utilization", averageUtilization: 70 } } }] })); } },
  { rule: "dangling-horizontalpodautoscaler", fault: "the target of an autoscaler of autoscaling/v1 does not exist", at: "HorizontalPodAutoscaler/other spec.scaleTargetRef.name", put: ({ get, objects }) => objects.push(ofV1(autoscaler(get, { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "apii" } }))) },
  { rule: "dangling-horizontalpodautoscaler", fault: "an autoscaler of autoscaling/v1 measures what the pods don't request", at: [`!unset-cpu-requirements ${inContainer("resources.requests.cpu")}`, "HorizontalPodAutoscaler/api spec.targetCPUUtilizationPercentage"], put: ({ get, container }) => { ofV1(get("HorizontalPodAutoscaler/api")); delete container.resources.requests.cpu; } },
  { rule: "deployment-targeted-by-hpa-does-not-have-replicas-configured", fault: "a Deployment under an autoscaler has fixed replicas", at: "Deployment/api spec.replicas", put: ({ get }) => (get("Deployment/api").spec.replicas = 3) },
  { rule: "deployment-targeted-by-hpa-does-not-have-replicas-configured", fault: "a Deployment under an autoscaler of autoscaling/v1 has fixed replicas", at: "Deployment/api spec.replicas", put: ({ get }) => { ofV1(get("HorizontalPodAutoscaler/api")); get("Deployment/api").spec.replicas = 3; } },
  { rule: "dangling-poddisruptionbudget", fault: "a budget matches no pod", at: "PodDisruptionBudget/extra spec.selector", put: ({ objects }) => objects.push(budget({ app: "web" }, { maxUnavailable: 1 })) },
  { rule: "pdb-max-unavailable", fault: "a budget allows no pod to be away", at: "PodDisruptionBudget/api spec.maxUnavailable", put: ({ get }) => (get("PodDisruptionBudget/api").spec.maxUnavailable = 0) },
  { rule: "pdb-min-available", fault: "a budget needs the only pod", at: "PodDisruptionBudget/extra spec.minAvailable", put: ({ objects }) => objects.push(budget({ app: "store" }, { minAvailable: 1 })) },
  { rule: "pdb-min-available", fault: "a budget needs half of the only pod, which is all of it", at: "PodDisruptionBudget/extra spec.minAvailable", put: ({ objects }) => objects.push(budget({ app: "store" }, { minAvailable: "50%" })) },
  { rule: "pdb-min-available", fault: "a budget needs as many pods as the autoscaler's least", at: "PodDisruptionBudget/extra spec.minAvailable", put: ({ objects }) => objects.push(budget({ app: "api" }, { minAvailable: 2 })) },
  { rule: "overlapping-selectors", fault: "a workload selects another's pods", at: "StatefulSet/store spec.selector", put: ({ get }) => { const { spec } = get("StatefulSet/store"); spec.selector.matchLabels = { part: "shop" }; spec.template.metadata.labels.part = "shop"; get("Deployment/api").spec.template.metadata.labels.part = "shop"; } },
  { rule: "overlapping-selectors", fault: "a workload selects the pods of one of another kind and the same name", at: "StatefulSet/api spec.selector", put: ({ get }) => { const { metadata, spec } = get("StatefulSet/store"); metadata.name = "api"; spec.selector.matchLabels = { part: "shop" }; spec.template.metadata.labels.part = "shop"; get("Deployment/api").spec.template.metadata.labels.part = "shop"; } },

  // Network policies
  { rule: "dangling-networkpolicy", fault: "a policy selects no pod", at: "NetworkPolicy/extra spec.podSelector", put: ({ objects }) => objects.push(policy({ podSelector: { matchLabels: { app: "web" } } })) },
  { rule: "dangling-networkpolicypeer-podselector", fault: "a flow leads to pods that don't exist", at: "NetworkPolicy/api spec.egress[0].to[0].podSelector", put: ({ get }) => (get("NetworkPolicy/api").spec.egress[0].to[0].podSelector.matchLabels.app = "cache") },
  { rule: "networkpolicy-ports", fault: "a policy opens a port name that the pods don't have", at: "NetworkPolicy/api spec.ingress[0].ports[0].port", put: ({ get }) => (get("NetworkPolicy/api").spec.ingress[0].ports[0].port = "web") },
  { rule: "networkpolicy-ports", fault: "a policy opens the Service's port, not the pods'", at: "NetworkPolicy/api spec.ingress[0].ports[0].port", put: ({ get }) => (get("NetworkPolicy/api").spec.ingress[0].ports[0].port = 80) },

  // The set as a whole
  { rule: "missing-namespace", fault: "an object's namespace is misspelt", at: "ConfigMap/extra metadata.namespace", server: "refuses", put: ({ objects }) => objects.push({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "extra", namespace: "shopp" } }) },
  { rule: "use-namespace", fault: "an object has no namespace", at: "ConfigMap/extra metadata.namespace", put: ({ objects }) => objects.push({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "extra" } }) },
  { rule: "use-namespace", fault: "an object that has none is given a namespace", at: "ClusterIssuer/letsencrypt metadata.namespace", put: ({ get }) => (get("ClusterIssuer/letsencrypt").metadata.namespace = "shop") },
  { rule: "duplicate-object", fault: "two ConfigMaps have one name", at: "ConfigMap/api metadata.name", put: ({ get, objects }) => objects.push(structuredClone(get("ConfigMap/api"))) },
];

function service(selector: object) {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "extra", namespace: "shop" }, spec: { selector, ports: [{ name: "http", port: 80 }] } };
}
function budget(matchLabels: object, spec: object) {
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "extra", namespace: "shop" }, spec: { selector: { matchLabels }, unhealthyPodEvictionPolicy: "AlwaysAllow", ...spec } };
}
function policy(spec: object) {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "extra", namespace: "shop" }, spec };
}
function autoscaler(get: (name: string) => any, spec: object) {
  return { ...get("HorizontalPodAutoscaler/api"), metadata: { name: "other", namespace: "shop" }, spec: { ...get("HorizontalPodAutoscaler/api").spec, ...spec } };
}
