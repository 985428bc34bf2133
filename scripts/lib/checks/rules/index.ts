import certificateDuration from "./certificate-duration.ts";
import certificateKey from "./certificate-key.ts";
import certificateNames from "./certificate-names.ts";
import cronSchedule from "./cron-schedule.ts";
import danglingHorizontalpodautoscaler from "./dangling-horizontalpodautoscaler.ts";
import danglingIngress from "./dangling-ingress.ts";
import danglingNetworkpolicy from "./dangling-networkpolicy.ts";
import danglingNetworkpolicypeerPodselector from "./dangling-networkpolicypeer-podselector.ts";
import danglingPoddisruptionbudget from "./dangling-poddisruptionbudget.ts";
import danglingService from "./dangling-service.ts";
import danglingServiceAddress from "./dangling-service-address.ts";
import deploymentStrategy from "./deployment-strategy.ts";
import deploymentTargetedByHpaDoesNotHaveReplicasConfigured from "./deployment-targeted-by-hpa-does-not-have-replicas-configured.ts";
import deprecatedServiceAccountField from "./deprecated-service-account-field.ts";
import duplicateEnvVar from "./duplicate-env-var.ts";
import duplicateHostPath from "./duplicate-host-path.ts";
import duplicateName from "./duplicate-name.ts";
import duplicateObject from "./duplicate-object.ts";
import horizontalpodautoscalerReplicas from "./horizontalpodautoscaler-replicas.ts";
import imageReference from "./image-reference.ts";
import ingressCertificate from "./ingress-certificate.ts";
import ingressShape from "./ingress-shape.ts";
import ingressTlsHosts from "./ingress-tls-hosts.ts";
import invalidTargetPorts from "./invalid-target-ports.ts";
import issuerType from "./issuer-type.ts";
import labelValues from "./label-values.ts";
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
import nonExistentServiceAccount from "./non-existent-service-account.ts";
import numberRange from "./number-range.ts";
import oneOf from "./one-of.ts";
import overlappingSelectors from "./overlapping-selectors.ts";
import pdbMaxUnavailable from "./pdb-max-unavailable.ts";
import pdbMinAvailable from "./pdb-min-available.ts";
import persistentVolumeClaim from "./persistent-volume-claim.ts";
import poddisruptionbudgetHasPolicy from "./poddisruptionbudget-has-policy.ts";
import readinessPort from "./readiness-port.ts";
import requestsWithinLimits from "./requests-within-limits.ts";
import restartPolicy from "./restart-policy.ts";
import schemaValidation from "./schema-validation.ts";
import secretType from "./secret-type.ts";
import securityContextConflict from "./security-context-conflict.ts";
import serviceShape from "./service-shape.ts";
import startupPort from "./startup-port.ts";
import statefulsetHasServicename from "./statefulset-has-servicename.ts";
import undefinedVariable from "./undefined-variable.ts";
import unknownField from "./unknown-field.ts";
import unknownKind from "./unknown-kind.ts";
import useNamespace from "./use-namespace.ts";
import validConfigKey from "./valid-config-key.ts";
import validEnvName from "./valid-env-name.ts";
import validName from "./valid-name.ts";
import validPortName from "./valid-port-name.ts";
import validQuantity from "./valid-quantity.ts";
import volumeMounts from "./volume-mounts.ts";

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
  horizontalpodautoscalerReplicas,
  imageReference,
  ingressShape,
  issuerType,
  labelValues,
  livenessPort,
  mismatchingSelector,
  networkpolicyShape,
  noContainers,
  numberRange,
  oneOf,
  persistentVolumeClaim,
  poddisruptionbudgetHasPolicy,
  readinessPort,
  requestsWithinLimits,
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
] as const;

/** What a waiver can name. */
export type RuleName = (typeof rules)[number]["name"];
