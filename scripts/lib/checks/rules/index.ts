import certificateDuration from "./certificate-duration.ts";
import certificateKey from "./certificate-key.ts";
import certificateNames from "./certificate-names.ts";
import clusterAdminRoleBinding from "./cluster-admin-role-binding.ts";
import containerEphemeralStorageRequestAndLimit from "./container-ephemeral-storage-request-and-limit.ts";
import containerSeccompProfile from "./container-seccomp-profile.ts";
import containerSecurityContextUserGroupId from "./container-security-context-user-group-id.ts";
import cronSchedule from "./cron-schedule.ts";
import cronjobHasDeadline from "./cronjob-has-deadline.ts";
import danglingHorizontalpodautoscaler from "./dangling-horizontalpodautoscaler.ts";
import danglingIngress from "./dangling-ingress.ts";
import danglingNetworkpolicy from "./dangling-networkpolicy.ts";
import danglingNetworkpolicypeerPodselector from "./dangling-networkpolicypeer-podselector.ts";
import danglingPoddisruptionbudget from "./dangling-poddisruptionbudget.ts";
import danglingService from "./dangling-service.ts";
import danglingServiceAddress from "./dangling-service-address.ts";
import debugSettings from "./debug-settings.ts";
import defaultDeny from "./default-deny.ts";
import defaultServiceAccount from "./default-service-account.ts";
import deploymentStrategy from "./deployment-strategy.ts";
import deploymentTargetedByHpaDoesNotHaveReplicasConfigured from "./deployment-targeted-by-hpa-does-not-have-replicas-configured.ts";
import deprecatedServiceAccountField from "./deprecated-service-account-field.ts";
import developmentImage from "./development-image.ts";
import dropAllCapabilities from "./drop-all-capabilities.ts";
import duplicateEnvVar from "./duplicate-env-var.ts";
import duplicateHostPath from "./duplicate-host-path.ts";
import duplicateName from "./duplicate-name.ts";
import duplicateObject from "./duplicate-object.ts";
import egressWithoutDns from "./egress-without-dns.ts";
import envVarSecret from "./env-var-secret.ts";
import fieldRef from "./field-ref.ts";
import hasPoddisruptionbudget from "./has-poddisruptionbudget.ts";
import horizontalpodautoscalerMetrics from "./horizontalpodautoscaler-metrics.ts";
import horizontalpodautoscalerReplicas from "./horizontalpodautoscaler-replicas.ts";
import hostAccess from "./host-access.ts";
import imageReference from "./image-reference.ts";
import ingressCertificate from "./ingress-certificate.ts";
import ingressShape from "./ingress-shape.ts";
import ingressTlsHosts from "./ingress-tls-hosts.ts";
import ingressWithoutTls from "./ingress-without-tls.ts";
import invalidTargetPorts from "./invalid-target-ports.ts";
import issuerType from "./issuer-type.ts";
import jobTtlSecondsAfterFinished from "./job-ttl-seconds-after-finished.ts";
import labelValues from "./label-values.ts";
import latestTag from "./latest-tag.ts";
import lifecyclePort from "./lifecycle-port.ts";
import livenessPort from "./liveness-port.ts";
import mismatchingSelector from "./mismatching-selector.ts";
import missingConfigMap from "./missing-config-map.ts";
import missingIssuer from "./missing-issuer.ts";
import missingNamespace from "./missing-namespace.ts";
import missingPvc from "./missing-pvc.ts";
import missingRole from "./missing-role.ts";
import missingSecret from "./missing-secret.ts";
import networkpolicyPorts from "./networkpolicy-ports.ts";
import networkpolicyShape from "./networkpolicy-shape.ts";
import noContainers from "./no-containers.ts";
import noLivenessProbe from "./no-liveness-probe.ts";
import noLocalHost from "./no-local-host.ts";
import noReadOnlyRootFs from "./no-read-only-root-fs.ts";
import noReadinessProbe from "./no-readiness-probe.ts";
import nonExistentServiceAccount from "./non-existent-service-account.ts";
import nonIsolatedPod from "./non-isolated-pod.ts";
import numberRange from "./number-range.ts";
import oneOf from "./one-of.ts";
import overlappingSelectors from "./overlapping-selectors.ts";
import pdbMaxUnavailable from "./pdb-max-unavailable.ts";
import pdbMinAvailable from "./pdb-min-available.ts";
import pdbUnhealthyPodEvictionPolicy from "./pdb-unhealthy-pod-eviction-policy.ts";
import persistentVolumeClaim from "./persistent-volume-claim.ts";
import podProbesIdentical from "./pod-probes-identical.ts";
import podSecurityNamespace from "./pod-security-namespace.ts";
import podSpread from "./pod-spread.ts";
import poddisruptionbudgetHasPolicy from "./poddisruptionbudget-has-policy.ts";
import privilegeEscalationContainer from "./privilege-escalation-container.ts";
import privilegedContainer from "./privileged-container.ts";
import productionInDevelopment from "./production-in-development.ts";
import rbacShape from "./rbac-shape.ts";
import readinessPort from "./readiness-port.ts";
import requestsWithinLimits from "./requests-within-limits.ts";
import requiredField from "./required-field.ts";
import restartPolicy from "./restart-policy.ts";
import runAsNonRoot from "./run-as-non-root.ts";
import schemaValidation from "./schema-validation.ts";
import secretType from "./secret-type.ts";
import securityContextConflict from "./security-context-conflict.ts";
import selfSignedIssuer from "./self-signed-issuer.ts";
import sensitiveConfigmap from "./sensitive-configmap.ts";
import serviceAccountToken from "./service-account-token.ts";
import serviceShape from "./service-shape.ts";
import startupPort from "./startup-port.ts";
import statefulsetHasServicename from "./statefulset-has-servicename.ts";
import undefinedVariable from "./undefined-variable.ts";
import unknownField from "./unknown-field.ts";
import unknownKind from "./unknown-kind.ts";
import unsetCpuRequirements from "./unset-cpu-requirements.ts";
import unsetMemoryRequirements from "./unset-memory-requirements.ts";
import useNamespace from "./use-namespace.ts";
import validConfigKey from "./valid-config-key.ts";
import validEnvName from "./valid-env-name.ts";
import validName from "./valid-name.ts";
import validPortName from "./valid-port-name.ts";
import validQuantity from "./valid-quantity.ts";
import volumeMounts from "./volume-mounts.ts";
import wildcardInRules from "./wildcard-in-rules.ts";

/** Every rule, in the order of the table in docs/checks.md. */
export const rules = [
  schemaValidation,
  unknownField,
  unknownKind,
  certificateDuration,
  certificateKey,
  certificateNames,
  cronSchedule,
  deploymentStrategy,
  deprecatedServiceAccountField,
  duplicateEnvVar,
  duplicateName,
  fieldRef,
  horizontalpodautoscalerMetrics,
  horizontalpodautoscalerReplicas,
  imageReference,
  ingressShape,
  issuerType,
  labelValues,
  lifecyclePort,
  livenessPort,
  mismatchingSelector,
  networkpolicyShape,
  noContainers,
  numberRange,
  oneOf,
  persistentVolumeClaim,
  poddisruptionbudgetHasPolicy,
  rbacShape,
  readinessPort,
  requestsWithinLimits,
  requiredField,
  restartPolicy,
  secretType,
  securityContextConflict,
  serviceShape,
  startupPort,
  validConfigKey,
  validEnvName,
  validName,
  validPortName,
  validQuantity,
  volumeMounts,
  danglingHorizontalpodautoscaler,
  danglingIngress,
  danglingNetworkpolicy,
  danglingNetworkpolicypeerPodselector,
  danglingPoddisruptionbudget,
  danglingService,
  danglingServiceAddress,
  deploymentTargetedByHpaDoesNotHaveReplicasConfigured,
  duplicateHostPath,
  duplicateObject,
  ingressCertificate,
  ingressTlsHosts,
  invalidTargetPorts,
  missingConfigMap,
  missingIssuer,
  missingNamespace,
  missingPvc,
  missingRole,
  missingSecret,
  networkpolicyPorts,
  nonExistentServiceAccount,
  overlappingSelectors,
  pdbMaxUnavailable,
  pdbMinAvailable,
  statefulsetHasServicename,
  undefinedVariable,
  useNamespace,
  debugSettings,
  developmentImage,
  latestTag,
  noLocalHost,
  productionInDevelopment,
  selfSignedIssuer,
  clusterAdminRoleBinding,
  containerEphemeralStorageRequestAndLimit,
  containerSeccompProfile,
  containerSecurityContextUserGroupId,
  cronjobHasDeadline,
  defaultDeny,
  defaultServiceAccount,
  dropAllCapabilities,
  egressWithoutDns,
  envVarSecret,
  hasPoddisruptionbudget,
  hostAccess,
  ingressWithoutTls,
  jobTtlSecondsAfterFinished,
  noLivenessProbe,
  noReadOnlyRootFs,
  noReadinessProbe,
  nonIsolatedPod,
  pdbUnhealthyPodEvictionPolicy,
  podProbesIdentical,
  podSecurityNamespace,
  podSpread,
  privilegeEscalationContainer,
  privilegedContainer,
  runAsNonRoot,
  sensitiveConfigmap,
  serviceAccountToken,
  unsetCpuRequirements,
  unsetMemoryRequirements,
  wildcardInRules,
] as const;

export type RuleName = (typeof rules)[number]["name"];

// What a waiver can name.
declare module "../../../../manifests/waivers.ts" {
  interface Rules extends Record<RuleName, true> {}
}
