import type { Environment } from "../../../manifests/environment.ts";
import { connect } from "../cluster.ts";
import type { Shell } from "../shell.ts";
import { sourceOf } from "./git.ts";
import { ownerOf } from "./names.ts";
import { checkPlace, contextOf, identityOfCluster } from "./place.ts";
import type { Run } from "./run.ts";

/** Where a mode works: a cluster that is known to be the right one. */
export interface Target extends Omit<Run, "wait"> {
  /** The cluster's identity. */
  readonly uid: string;
  /** Whether an earlier deploy wrote the identity down. */
  readonly recorded: boolean;
}

/**
 * Connects to an environment's cluster and makes sure that it is the right one.
 * @throws UserError when it is not
 */
export async function openTarget($: Shell, environment: Environment, options: Run["options"], signal: AbortSignal): Promise<Target> {
  const context = contextOf(environment);
  const cluster = await connect($, context, { signal });
  let asked: ReturnType<typeof sourceOf> | undefined;
  const source = () => (asked ??= sourceOf($));
  try {
    const uid = await identityOfCluster(cluster);
    const recorded = checkPlace(environment, cluster, uid);
    const store = { owner: ownerOf(environment), namespace: environment.namespace, name: environment.name };
    // Where one develops, Tilt and kubectl write too; the manifests win.
    const force = options.force || environment.development;
    return { environment, cluster, store, source, signal, options: { ...options, force }, uid, recorded };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
