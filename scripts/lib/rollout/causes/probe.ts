import type { Before } from "../before.ts";
import type { Container, ContainerStatus, Event, Live, Pod } from "../facts.ts";
import { timesSeen } from "../facts.ts";
import { containerField, type Suspicion } from "../suspicion.ts";
import { killer, kills, lastEnd, mayMissAnother, waitsMinutes } from "./exit.ts";

// Programs that run and do not answer as they should. Only events say what a probe saw.

/**
 * For how many seconds a readiness probe may fail without any progress. A slow start shows: new lines in its log, or another
 * answer (refused, then 503, then 200); each begins these seconds anew. Who starts slowly and in silence says so by a
 * startup probe. As long as the probe's own threshold, within 20 s and 25 s (a person is told before 30); longer only where the
 * second try takes longer.
 */
function noProgress({ periodSeconds = 10, failureThreshold = 3 }: NonNullable<Container["readinessProbe"]>): number {
  return Math.max(periodSeconds + 5, Math.min(25, Math.max(20, periodSeconds * failureThreshold)));
}
/** The program answers, and says that there is no such page, or not for you: it will say so again. */
const wrongAnswer = 8;
/** Some programs listen first and learn their pages later. */
const wrongAnswerAtStart = 15;

/** @returns what a failing probe says of a container. @param progress something that grows while the program gets on */
export function probeSuspicion(object: Live, pod: Pod, container: Container, status: ContainerStatus, context: { events: readonly Event[]; lines: readonly string[]; progress: number; before: Before }): Suspicion | undefined {
  const own = context.events.filter(({ involvedObject }) => involvedObject.fieldPath === undefined || involvedObject.fieldPath.includes(`{${container.name}}`));
  return killedSuspicion(object, pod, container, status, own, context) ?? notReadySuspicion(object, pod, container, status, own, context);
}

function killedSuspicion(object: Live, pod: Pod, container: Container, status: ContainerStatus, events: readonly Event[], { before, lines }: { before: Before; lines: readonly string[] }): Suspicion | undefined {
  const end = lastEnd(status);
  const kind = killer(events, container.name, end ?? { exitCode: 137 });
  if (!kind) return undefined;
  // The event comes with the decision to kill, the exit up to terminationGracePeriodSeconds later.
  const [killed, restarted] = [kills(events, container.name) - before.kills, status.restartCount - before.ends];
  const count = Math.max(killed, restarted);
  // One that is still being ended may be ready meanwhile.
  const readyAgain = status.ready && restarted >= killed;
  if (kind === "startup" && status.started) return undefined;
  // Killed before this rollout only, and started again.
  if (count <= 0 && status.state?.running) return undefined;
  // A startup probe's budget is what the author gave the program to start: used up once is the verdict. A liveness probe
  // may catch a program that was busy for once; a second kill is no chance.
  const enough = kind === "startup" || before.looped ? 1 : 2;
  const answer = usualAnswer(events, kind);
  const probe = kind === "startup" ? container.startupProbe : container.livenessProbe;
  const budget = (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3);
  const { likely, fix } = explain(answer, probe, container, lines);
  return {
    ...{ object, pod, container: container.name, cause: `${kind}-probe` as const, restarts: status.restartCount, tries: count },
    reason: "Unhealthy",
    message: `${answer || `${kind} probe failed`}; the kubelet killed the container for it${count > 1 ? `, ${count} times` : ""}`,
    finalAfter: count >= enough ? 0 : !readyAgain && (count > 0 || waitsMinutes(status)) ? 25 : Infinity,
    // Once ready again, it has all of that time again.
    state: readyAgain ? "ready again" : "killed",
    likely,
    fix: kind === "startup" && /refused/.test(answer) ? `${fix}; if it is only slow, give it more than ${budget} s (failureThreshold × periodSeconds)` : fix,
    field: containerField(object, pod, container.name, `${kind}Probe`),
    commands: [`kubectl logs ${pod.metadata.name} -c ${container.name} --previous`],
  };
}

function notReadySuspicion(object: Live, pod: Pod, container: Container, status: ContainerStatus, events: readonly Event[], { lines, progress }: { lines: readonly string[]; progress: number }): Suspicion | undefined {
  if (!status.state?.running || status.ready) return undefined;
  const kind = status.started === false ? "startup" : "readiness";
  const probe = kind === "startup" ? container.startupProbe : container.readinessProbe;
  const answer = lastAnswer(events, kind);
  if (!answer) return undefined;
  const { likely, fix, definite } = explain(answer, probe, container, lines);
  return {
    ...{ object, pod, container: container.name, cause: `${kind}-probe` as const, restarts: status.restartCount },
    misses: events.filter(isOf(kind)).reduce((sum, event) => sum + timesSeen(event), 0),
    reason: "Unhealthy",
    message: answer,
    // How long a program may take until its startup probe passes is for its author to say; but no wait turns a wrong path
    // into a right one.
    finalAfter: definite ? (kind === "startup" ? wrongAnswerAtStart : wrongAnswer) : kind === "startup" ? Infinity : noProgress(probe ?? {}),
    state: `${answerClass(answer)} ${definite ? "" : progress}`,
    likely,
    fix,
    field: containerField(object, pod, container.name, `${kind}Probe${probe?.httpGet ? ".httpGet" : ""}`),
    commands: [`kubectl logs ${pod.metadata.name} -c ${container.name}`],
  };
}

const isOf = (kind: "startup" | "liveness" | "readiness") => ({ reason, message }: Event) => reason === "Unhealthy" && message.toLowerCase().startsWith(`${kind} probe`);
const lastAnswer = (events: readonly Event[], kind: "startup" | "liveness" | "readiness") => events.findLast(isOf(kind))?.message.trim() ?? "";

/** What a probe saw most often. After a kill the last answer may be of the next start, before the program listens again. */
const usualAnswer = (events: readonly Event[], kind: "startup" | "liveness") => events.filter(isOf(kind)).sort((a, b) => timesSeen(a) - timesSeen(b)).at(-1)?.message.trim() ?? "";

/** Addresses and times differ from try to try; what counts is the kind of answer. */
const answerClass = (answer: string) => answer.replace(/\d+\.\d+\.\d+\.\d+(:\d+)?/g, "").replace(/\b\d{4,}\b/g, "").slice(0, 200);

/** The port that a line says the program listens on. Not every number is a port, nor is an address that it talks to. */
const listenedPort = (line: string): string | undefined =>
  /\bconnect(?:ed|ing)?\b|refused/i.test(line) ? undefined : /\b(?:listening|started|ready|running|serving)\b.*?(?:(?<=\blistening )(?:on|at) (?:port )?:{0,3}|\bport\s*:?\s*|(?:localhost|\]|\*|\d\.\d{1,3}):)(\d{2,5})\b(?![:.]\d)/i.exec(line)?.[1];

function explain(answer: string, probe: Container["readinessProbe"], container: Container, lines: readonly string[]): { likely: string; fix: string; definite: boolean } {
  const asked = probe?.httpGet ? `${probe.httpGet.path ?? "/"} on port ${probe.httpGet.port}` : probe?.tcpSocket ? `port ${probe.tcpSocket.port}` : probe?.grpc ? `gRPC port ${probe.grpc.port}` : "its command";
  const status = Number(/statuscode: (\d+)/.exec(answer)?.[1]);
  if (status === 404) return { definite: true, likely: `the program answers, but has no ${probe?.httpGet?.path ?? "/"}`, fix: "correct the path of the probe, or add that page to the program" };
  if (status === 401 || status === 403) return { definite: true, likely: `${probe?.httpGet?.path ?? "/"} wants a login, which a probe has not`, fix: "let the probe's path through without a login" };
  if (status >= 300 && status < 500) return { definite: true, likely: `${probe?.httpGet?.path ?? "/"} answers ${status}`, fix: "let the probe's path answer 200" };
  if (status >= 500) return { definite: false, likely: `the program answers ${status} to ${asked}: it says itself that it is not ready${mayMissAnother(lines) && lines.length > 0 ? ", and its log that it can't reach another service" : ""}`, fix: "read its log; mend what it waits for" };
  if (/refused/.test(answer)) {
    const listens = lines.map(listenedPort).findLast((port) => port !== undefined);
    const wanted = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
    const number = typeof wanted === "string" ? container.ports?.find(({ name }) => name === wanted)?.containerPort : wanted;
    const port = `port ${number ?? wanted}`;
    if (listens && Number(listens) !== number) return { definite: true, likely: `nothing listens on port ${number}: the program says that it listens on ${listens}`, fix: `let the probe ask port ${listens}, or the program listen on ${number}` };
    return { definite: false, likely: `nothing listens on ${port}: the program listens on another port or on 127.0.0.1 only, or has not come so far`, fix: "compare the port with the program's, and let it listen on 0.0.0.0" };
  }
  if (/timeout|deadline exceeded|timed out/i.test(answer)) return { definite: false, likely: `the program takes connections on ${asked} and does not answer in time`, fix: "see what it is busy with; a slow answer needs a larger timeoutSeconds" };
  if (/server gave HTTP response to HTTPS|malformed HTTP/i.test(answer)) return { definite: true, likely: "probe and program do not agree on HTTP or HTTPS", fix: "set scheme of the probe" };
  if (probe?.exec) return { definite: false, likely: `the probe's command ${JSON.stringify(probe.exec.command?.join(" "))} fails`, fix: "run it in the pod to see why" };
  return { definite: false, likely: `the program does not answer ${asked}`, fix: "read its log" };
}
