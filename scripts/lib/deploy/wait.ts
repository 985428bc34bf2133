import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { originOf } from "../origins.ts";
import type { KubernetesObject } from "../render.ts";
import { describeFailure, nameInWords, waitForRollout, type RolloutResult } from "../rollout/rollout.ts";

/** Applied, but does not run. */
export class RolloutError extends UserError {
  override name = "RolloutError";
  readonly result: RolloutResult;

  constructor(result: RolloutResult) {
    const { outcome, failures, unfinished, hidden } = result;
    const first = failures.map(({ object, reason }) => `${nameInWords(object)}: ${reason}`);
    const open = unfinished.map(({ object, message }) => `${nameInWords(object)}: ${message}`);
    super(outcome === "timed-out" ? `not ready in time: ${(first.length > 0 ? first : open).join("; ")}` : first.join("; "), {
      why: [...failures.map((failure) => `\n${describeFailure(failure)}`), ...(failures.length > 0 ? [] : open), ...(hidden.length > 0 ? [`\nnot looked at, for you may not read them: ${hidden.join(", ")}`] : [])].join("\n"),
    });
    this.result = result;
  }
}

/**
 * Waits until workloads run as applied, and says what for.
 * @param all every object of the environment, with its Secrets, whose values are kept out of what is said, as are those that
 * the cluster makes from its ExternalSecrets
 * @throws RolloutError that explains each failure; UserError when the cluster does not let us watch
 */
export async function waitForRollouts(cluster: Cluster, objects: readonly KubernetesObject[], all: readonly KubernetesObject[], signal: AbortSignal): Promise<void> {
  const result = await waitForRollout(cluster, objects, { all, signal, origin: originOf }).catch((error) => {
    throw error instanceof ApiError ? explainUnwatched(cluster, error) : error;
  });
  if (result.outcome !== "ready") throw new RolloutError(result);
}

/** @returns what an API server's answer means for who waits. All is applied by then. */
function explainUnwatched({ context, server }: Cluster, error: ApiError): UserError {
  const [, verb, resource, group, namespace] = /cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(error.message) ?? [];
  if (!resource) return new UserError("applied, but the rollout can't be watched", { why: error.message, next: error.code === 0 ? `see whether ${server} answers: kubectl --context ${context} get --raw /readyz` : undefined, cause: error });
  const kind = `${resource}${group ? `.${group}` : ""}`;
  return new UserError(`applied, but ${kind}${namespace ? ` of namespace ${namespace}` : ""} can't be watched: whether it runs is not known`, {
    why: error.message,
    next: `ask whoever runs the cluster for the right to list and watch ${kind}; whether you have it: kubectl --context ${context} auth can-i ${verb} ${kind}${namespace ? ` -n ${namespace}` : ""}`,
    cause: error,
  });
}
