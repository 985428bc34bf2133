import type { Before } from "../before.ts";
import { containersOf, timesSeen, type Container, type ContainerStatus, type Event, type Live, type Pod, type Terminated } from "../facts.ts";
import { containerField, type Suspicion } from "../suspicion.ts";

// Containers that end. The kubelet starts a container again at once after its first end, then after 10 s, 20 s, 40 s … up
// to 5 min. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts

/**
 * A program may end once because what it needs was not there yet, and twice by bad luck; the third end in a row comes about
 * 12 s after the first when it ends at once, and is taken at its word.
 */
const enough = 3;
/** The next try may be minutes away (a pod that had failed before already): 25 s after an end a person is told. */
const toldAnyway = 25;

/** How many times a container ended: each restart follows an end, and while it waits for the next there is one more. */
export const ends = ({ restartCount, state }: ContainerStatus) => restartCount + (state?.terminated || state?.waiting?.reason === "CrashLoopBackOff" ? 1 : 0);

/** Whether its next start is more than a minute away. Kubelets say so late: until then the container is one that ended for at least the fifth time. */
export const waitsMinutes = ({ restartCount, state }: ContainerStatus) => /^back-off \d+m/.test(state?.waiting?.message ?? "") || (state?.terminated !== undefined && restartCount >= 4);

const signals: Record<number, string> = { 1: "SIGHUP", 2: "SIGINT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM" };

/** @returns what an exit code says, in a few words */
export function exitMeaning({ exitCode, reason, signal }: Pick<Terminated, "exitCode" | "reason" | "signal">): string {
  if (reason === "OOMKilled") return "killed by the kernel: it used more memory than its limit";
  if (exitCode === 0) return "ended without an error";
  if (exitCode === 126) return "found the command, but could not run it";
  if (exitCode === 127) return "command not found";
  if (exitCode === 128 || reason === "StartError" || reason === "ContainerCannotRun") return "never started";
  const number = signal ?? (exitCode > 128 && exitCode < 160 ? exitCode - 128 : 0);
  if (number > 0) return `ended by signal ${signals[number] ?? number}${number === 11 ? " (a crash of the runtime or of native code)" : ""}`;
  return "the program's own error";
}

/** @returns the end that is nearest to now */
export const lastEnd = (status: ContainerStatus): Terminated | undefined => status.state?.terminated ?? status.lastState?.terminated;

/**
 * @param before what had happened to it before this rollout
 * @param events of the pod: which probe killed it
 * @param lines what the container wrote last
 */
export function exitSuspicion(object: Live, pod: Pod, container: Container, status: ContainerStatus, context: { before: Before; events: readonly Event[]; lines: readonly string[] }): Suspicion | undefined {
  const { waiting } = status.state ?? {};
  const end = lastEnd(status);
  const init = containersOf(pod).some((entry) => entry.init && entry.container === container && container.restartPolicy !== "Always");
  const shown = {
    object,
    pod,
    container: container.name,
    restarts: status.restartCount,
    commands: [`kubectl logs ${pod.metadata.name} -c ${container.name} --previous`],
    ...(end && { exit: { code: end.exitCode, meaning: exitMeaning(end) } }),
  };
  if (waiting?.reason === "RunContainerError" || end?.reason === "StartError" || end?.reason === "ContainerCannotRun")
    return notStarted(shown, object, pod, container, waiting?.reason === "RunContainerError" ? waiting.message : end?.message);
  const job = object.kind === "Job";
  if (!end || ((init || job) && end.exitCode === 0)) return undefined;

  const { before } = context;
  const count = ends(status) - before.ends;
  const inBackOff = waiting?.reason === "CrashLoopBackOff";
  // It ended before this rollout only, or it was started again and its own probe says that it is well.
  if (count <= 0 && status.state?.running) return undefined;
  if (status.ready && container.readinessProbe) return undefined;
  const killedBy = killer(context.events, container.name, end);
  const waitsLong = waitsMinutes(status) || (count === 2 && !status.state?.running);
  // While it runs it may stay. What ended again and again before gets one more try, which the change may have mended. A Job counts
  // its failed pods itself and says when it gives up.
  const finalAtEnd = (times: number, otherwise = waitsLong ? toldAnyway : Infinity) => (job ? Infinity : count >= (before.looped ? 1 : times) ? 0 : otherwise);
  const base = {
    ...shown,
    reason: inBackOff ? "CrashLoopBackOff" : (end.reason ?? "Error"),
    message: waiting?.message ?? end.message ?? `container ${container.name} ended with exit code ${end.exitCode}`,
    tries: count,
    finalAfter: finalAtEnd(enough),
  };
  if (killedBy) return undefined; // probes.ts tells that better
  if (end.reason === "OOMKilled")
    return {
      ...base,
      cause: "out-of-memory",
      reason: "OOMKilled",
      // It needs what it needs: a second time is no accident.
      finalAfter: finalAtEnd(2),
      likely: `${container.name} needs more memory than its limit of ${container.resources?.limits?.["memory"] ?? "the node"}, or leaks it`,
      fix: `raise limits.memory (now ${container.resources?.limits?.["memory"] ?? "none"}); Node: its heap must be smaller, --max-old-space-size`,
      field: containerField(object, pod, container.name, "resources.limits.memory"),
      commands: [`kubectl top pod ${pod.metadata.name} --containers`],
    };
  if (end.exitCode === 127 || end.exitCode === 126)
    return {
      ...base,
      cause: end.exitCode === 127 ? "command-not-found" : "command-not-executable",
      // The image does not change between two starts.
      finalAfter: finalAtEnd(2, 5),
      likely: end.exitCode === 127 ? "a command that the container starts is not in its image, or not on its PATH" : "a file that the container starts is not executable, or not a program",
      fix: end.exitCode === 127 ? "correct command/args, or add the program to the image" : "chmod +x it in the Dockerfile, and check its first line (#!)",
      field: containerField(object, pod, container.name, "command"),
    };
  if (context.lines.slice(-5).some((line) => /exec format error/i.test(line)))
    return { ...base, cause: "wrong-platform", finalAfter: finalAtEnd(2, 5), likely: "the image is for another processor than the node's", fix: "build it for the cluster's platform: docker buildx build --platform", field: containerField(object, pod, container.name, "image") };
  if (end.exitCode === 0)
    return {
      ...base,
      cause: "ended",
      likely: `${container.name} does its work and ends, but a ${object.kind} is for programs that stay`,
      fix: "make it a Job, or start the program so that it stays in the foreground",
      field: containerField(object, pod, container.name, "command"),
    };
  return { ...base, cause: "crash", ...guess(context.lines, object, pod, container) };
}

function notStarted(shown: Pick<Suspicion, "object" | "pod" | "container" | "restarts" | "exit" | "commands">, object: Live, pod: Pod, container: Container, message = ""): Suspicion {
  const program = /exec: "([^"]+)"/.exec(message)?.[1] ?? container.command?.[0] ?? "its command";
  const field = containerField(object, pod, container.name, "command");
  const base = { ...shown, reason: "RunContainerError", message: message.replace(/^.*unable to start container process: /s, ""), field, commands: [] };
  if (/no such file|not found in \$PATH/i.test(message))
    return { ...base, cause: "command-not-found", finalAfter: 0, likely: `${program} is not in the image ${container.image}`, fix: "correct command, or add the program to the image" };
  if (/permission denied/i.test(message))
    return { ...base, cause: "command-not-executable", finalAfter: 0, likely: `${program} is not executable for the container's user`, fix: "chmod +x it in the Dockerfile" };
  if (/exec format error/i.test(message))
    return { ...base, cause: "wrong-platform", finalAfter: 0, likely: "the image is for another processor than the node's", fix: "build it for the cluster's platform: docker buildx build --platform", field: containerField(object, pod, container.name, "image") };
  // The runtime itself can be at fault (a shim that did not answer): give it the kubelet's second and third try.
  return { ...base, cause: "container-error", finalAfter: 20, likely: "the container runtime could not start it", fix: "read the message above", commands: [`kubectl describe pod ${pod.metadata.name}`] };
}

/** Which probe had the kubelet end a container. Its own exits are never 137 or 143 unless it was told to end. */
export function killer(events: readonly Event[], container: string, end: Terminated): "startup" | "liveness" | undefined {
  if (end.exitCode !== 137 && end.exitCode !== 143 && end.exitCode !== 0) return undefined;
  if (end.reason === "OOMKilled") return undefined;
  const killing = events.filter(({ reason, message }) => reason === "Killing" && message.includes(`Container ${container} failed`)).at(-1);
  return /failed (startup|liveness) probe/.exec(killing?.message ?? "")?.[1] as "startup" | "liveness" | undefined;
}

export const kills = (events: readonly Event[], container: string) =>
  events.filter(({ reason, message }) => reason === "Killing" && message.includes(`Container ${container} failed`)).reduce((sum, event) => sum + timesSeen(event), 0);

const unreachable = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|connection refused|no such host|getaddrinfo|name or service not known|timed? ?out|could not connect|connection (?:reset|closed)/i;

/** Whether the program complains of something that it can't reach. Without a line nobody knows: then it may be. */
export const mayMissAnother = (lines: readonly string[]) => lines.length === 0 || lines.slice(-20).some((line) => unreachable.test(line));

const level = /^(?:ERROR|ERR|FATAL|PANIC|CRITICAL|WARN|WARNING|INFO|DEBUG|TRACE)$/;

/** @returns the environment variable that a line says is not there, or not as it should be */
function missingVariable(line: string): string | undefined {
  const [, name] = /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b["'`]?:? (?:is |was |must be |are )?(?:not set|required|missing|undefined|not defined|empty|invalid)/.exec(line) ?? /(?:[Mm]issing|[Rr]equired|[Uu]ndefined|[Uu]nset)[^A-Za-z]{0,40}\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/.exec(line) ?? [];
  if (name || !/\b(?:not set|required|missing|undefined|not defined|empty|invalid|unset)\b/i.test(line)) return name;
  // Capitals alone may be a log level (ERROR) or a protocol (TLS): it takes the word for what it is beside it.
  const beside = [/\b(?:[Vv]ariable|[Ee]nv)\W{1,4}([A-Z][A-Z0-9_]{2,})\b/, /\b([A-Z][A-Z0-9_]{2,})\W{1,4}(?:env(?:ironment)? )?(?:variable|env)\b/];
  return beside.map((pattern) => pattern.exec(line)?.[1]).find((found) => found !== undefined && !level.test(found));
}

/** What the last lines say, for the errors that everybody has met. */
function guess(lines: readonly string[], object: Live, pod: Pod, container: Container): Pick<Suspicion, "likely" | "fix" | "field"> {
  const last = lines.slice(-20);
  const find = (pattern: RegExp) => last.map((line) => pattern.exec(line)).findLast((match) => match !== null);
  const env = containerField(object, pod, container.name, "env");
  const missing = last.map(missingVariable).findLast((name) => name !== undefined);
  if (missing) return { likely: `the program wants the environment variable ${missing}`, fix: `set ${missing}`, field: env };
  const module = find(/Cannot find (?:module|package) '?([^' ]+)/);
  if (module) return { likely: `${module[1]} is not in the image`, fix: "add it to dependencies (not devDependencies), or copy the file in the Dockerfile", field: containerField(object, pod, container.name, "image") };
  if (find(/EACCES|permission denied|EROFS|read-only file system/i)) return { likely: "it writes where it may not: another user's folder, or the read-only root file system", fix: "mount an emptyDir there, or set fsGroup", field: containerField(object, pod, container.name, "volumeMounts") };
  if (find(/EADDRINUSE|address already in use/i)) return { likely: "two programs of the pod want the same port", fix: "give one of them another port", field: containerField(object, pod, container.name, "ports") };
  const host = find(/(?:ENOTFOUND|EAI_AGAIN|no such host|lookup)\s+([\w.-]+)/i) ?? find(/(?:ECONNREFUSED|connection refused|ETIMEDOUT|EHOSTUNREACH)\s*([\w.:-]*)/i);
  if (host) return { likely: `it can't reach ${host[1] || "another service"}, and ends instead of trying again`, fix: "correct the address, see that that service runs and that a NetworkPolicy lets it through; better: try again instead of ending", field: env };
  if (find(/heap out of memory/i)) return { likely: "Node's heap is too small for its work", fix: "raise limits.memory and --max-old-space-size", field: containerField(object, pod, container.name, "resources.limits.memory") };
  return { likely: "the program itself ends: its last lines say why", fix: "mend the program, or what it is given (env, args, files)", field: containerField(object, pod, container.name, "").slice(0, -1) };
}
