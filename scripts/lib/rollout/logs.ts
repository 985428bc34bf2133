import type { Cluster } from "../cluster.ts";
import { containersOf, type ContainerStatus, type Facts, type Pod } from "./facts.ts";
import { lastEnd } from "./causes/exit.ts";

// Reads what suspected containers write, each run of each container once.

export interface LogReader {
  /** Begins to read a container that is suspected, unless that is done already. */
  read(object: string, pod: Pod, container: string): void;
  /** Resolves when the runs that have ended are read, or after `milliseconds`. */
  settled(milliseconds: number): Promise<void>;
}

/** What is asked of a run that began before we looked: a stack and what led to it. */
const tailLines = 40;
/** Pods of one workload that fail together fail alike: two are enough to see that. */
const podsPerObject = 2;

/**
 * @param mask applied to every line before anything keeps it
 * @param onLine after a line was added to the facts
 * @param ready awaited before the lines of a run are read
 */
export function createLogReader(cluster: Cluster, facts: Facts, mask: (text: string) => string, onLine: (object: string, pod: Pod, container: string, line: string) => void, signal: AbortSignal, ready: () => Promise<void> = async () => {}): LogReader {
  const runs = new Set<string>();
  const pods = new Map<string, Set<string>>();
  const ended = new Set<Promise<void>>();

  async function add(object: string, pod: Pod, container: string, read: () => AsyncIterable<string> | Promise<string>): Promise<void> {
    const keep = (line: string) => {
      const text = mask(line).trimEnd();
      if (text === "") return;
      facts.log(pod, container, text);
      onLine(object, pod, container, text);
    };
    try {
      await ready();
      const lines = read();
      if (lines instanceof Promise) for (const line of (await lines).split("\n")) keep(line);
      else for await (const line of lines) keep(line);
    } catch {
      // Logs rotate away, containers are removed, nodes are slow: a report without log lines is still a report.
    }
  }

  return {
    read(object, pod, name) {
      const entry = containersOf(pod).find(({ container }) => container.name === name);
      const run = entry?.status && runOf(entry.status);
      if (!run || signal.aborted) return;
      const known = pods.get(object) ?? pods.set(object, new Set()).get(object)!;
      // A Job's pods are its tries, one after the other: the last one counts.
      const isTry = pod.metadata.ownerReferences?.some(({ kind }) => kind === "Job");
      if (!isTry && !known.has(pod.metadata.name) && known.size >= podsPerObject) return;
      known.add(pod.metadata.name);
      const key = `${pod.metadata.uid} ${name} ${run.id}`;
      if (runs.has(key)) return;
      runs.add(key);
      const where = { namespace: pod.metadata.namespace!, name: pod.metadata.name };
      facts.beginLog(pod, name);
      if (run.running) return void add(object, pod, name, () => cluster.followLogs(where, { container: name, tailLines, signal }));
      const reading = add(object, pod, name, () => cluster.logs(where, { container: name, tailLines, previous: run.previous })).finally(() => ended.delete(reading));
      ended.add(reading);
    },
    async settled(milliseconds) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([Promise.all(ended), new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))]);
      clearTimeout(timer);
    },
  };
}

/** The run of a container that is worth reading: the one that runs, else the one that ended last. */
function runOf(status: ContainerStatus): { id: string; running: boolean; previous: boolean } | undefined {
  if (status.state?.running) return { id: status.containerID ?? String(status.restartCount), running: true, previous: false };
  const end = lastEnd(status);
  if (!end || end.reason === "StartError" || end.reason === "ContainerCannotRun") return undefined;
  // While a container waits for its next start, kubelets keep the ended one as "previous" once it is in lastState.
  return { id: end.containerID ?? String(status.restartCount), running: false, previous: status.state?.terminated === undefined };
}
