import { vi } from "vitest";
import type { Cluster } from "../cluster.ts";
import { recordedCluster, type Recording } from "./recorded-cluster.ts";
import { describeFailure, waitForRollout, type Progress, type RolloutOptions, type RolloutResult } from "./rollout.ts";

export interface Replay {
  result: RolloutResult;
  said: Progress[];
  /** Of all failures. */
  text: string;
}

/**
 * Waits for what was recorded, in an instant: needs vi.useFakeTimers.
 * @param began the clock when it was recorded
 * @param change what the cluster does otherwise than recorded
 */
export async function replay(recorded: Recording, options: RolloutOptions = {}, began = beginning(recorded), change: (cluster: Cluster) => Partial<Cluster> = () => ({})): Promise<Replay> {
  vi.setSystemTime(began);
  const said: Progress[] = [];
  const origin: RolloutOptions["origin"] = ({ metadata }) => ({ file: `manifests/services/${metadata.name}.ts`, line: 7 });
  const cluster = recordedCluster(recorded);
  let ended = false;
  const running = waitForRollout({ ...cluster, ...change(cluster) }, recorded.objects, { deadline: 120, origin, onProgress: (progress) => said.push(progress), ...options }).finally(() => (ended = true));
  running.catch(() => {}); // thrown below
  while (!ended) await vi.advanceTimersByTimeAsync(250);
  const result = await running;
  return { result, said, text: result.failures.map(describeFailure).join("\n") };
}

const beginning = ({ steps }: Recording) => Math.max(...steps.filter(({ at }) => at === 0).map(({ set }) => Date.parse(set?.["metadata"]?.creationTimestamp) || 0));
