import type { Cluster } from "../cluster.ts";
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
 * @param all every object of the environment, with its Secrets, whose values are kept out of what is said
 * @throws RolloutError that explains each failure
 */
export async function waitForRollouts(cluster: Cluster, objects: readonly KubernetesObject[], all: readonly KubernetesObject[], signal: AbortSignal): Promise<void> {
  const result = await waitForRollout(cluster, objects, { all, signal, origin: originOf });
  if (result.outcome !== "ready") throw new RolloutError(result);
}
