import cronSchedule from "./cron-schedule.ts";
import duplicateEnvVar from "./duplicate-env-var.ts";
import duplicateName from "./duplicate-name.ts";
import horizontalpodautoscalerReplicas from "./horizontalpodautoscaler-replicas.ts";
import imageReference from "./image-reference.ts";
import labelValues from "./label-values.ts";
import mismatchingSelector from "./mismatching-selector.ts";
import noContainers from "./no-containers.ts";
import numberRange from "./number-range.ts";
import oneOf from "./one-of.ts";
import poddisruptionbudgetHasPolicy from "./poddisruptionbudget-has-policy.ts";
import requestsWithinLimits from "./requests-within-limits.ts";
import schemaValidation from "./schema-validation.ts";
import unknownField from "./unknown-field.ts";
import unknownKind from "./unknown-kind.ts";
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
  cronSchedule,
  duplicateEnvVar,
  duplicateName,
  horizontalpodautoscalerReplicas,
  imageReference,
  labelValues,
  mismatchingSelector,
  noContainers,
  numberRange,
  oneOf,
  poddisruptionbudgetHasPolicy,
  requestsWithinLimits,
  validEnvName,
  validName,
  validPortName,
  validQuantity,
  volumeMounts,
] as const;

/** What a waiver can name. */
export type RuleName = (typeof rules)[number]["name"];
