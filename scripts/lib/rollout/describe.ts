import type { Failure, ObjectName } from "./failure.ts";

/** `Deployment dev/backend` */
export const nameInWords = ({ kind, namespace, name }: ObjectName) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;

const width = 11;
/** Kubernetes's own sentences can be pages long. */
const longest = 600;

/**
 * One failure as one block for people: what, where in TypeScript, why, and what to do. Plain text; the first line is the
 * heading.
 */
export function describeFailure(failure: Failure): string {
  const { object, alsoObjects, origin, pods, wantedPods, container, image, event, log, oldVersion, waiting } = failure;
  const lines: string[] = [`✗ ${nameInWords(object)}${origin ? `   ${origin.file}:${origin.line}` : ""}${failure.final ? "" : "   (not certain: time ran out first)"}`];
  const add = (label: string, text: string | undefined) => {
    if (text) lines.push(`    ${label.padEnd(width)}${text.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}`);
  };
  add("also", alsoObjects.map(nameInWords).join(", "));
  add("pod", pods.length > 3 ? `${pods.slice(0, 3).join(", ")} and ${pods.length - 3} more` : pods.join(", "));
  if (pods.length > 1 && wantedPods) lines[lines.length - 1] += ` (${pods.length} of ${wantedPods})`;
  add("container", container && `${container}${image ? `   image ${image}` : ""}`);
  const restarts = failure.restarts ? `, restarted ${failure.restarts === 1 ? "once" : `${failure.restarts} times`}` : "";
  add("reason", `${failure.reason}${failure.exitCode === undefined ? "" : `: exit code ${failure.exitCode}, ${failure.exitMeaning}`}${restarts}`);
  // These say only what the line above does.
  if (!/^back-off \S+ restarting|^container \S+ ended with exit code/.test(failure.message)) add("message", cut(failure.message));
  if (event && !failure.message.includes(event.message) && !event.message.includes(failure.message)) add("event", cut(`${event.reason}${event.count > 1 ? ` ×${event.count}` : ""} (${event.object}): ${event.message}`));
  else if (event) add("event", `${event.reason}${event.count > 1 ? ` ×${event.count}` : ""} (${event.object}): the same`);
  if (log.length > 0) {
    add("log", `the last ${log.length === 1 ? "line" : `${log.length} lines`}`);
    for (const line of log) lines.push(`    ${"".padEnd(width)}| ${cut(line, 300)}`);
  }
  add("cause", cut(failure.likely));
  add("fix", cut(failure.fix));
  if (failure.field) add("", `${origin ? `${origin.file}:${origin.line}   ` : ""}${failure.field}`);
  for (const command of failure.commands) add("type", command);
  if (waiting.length > 0) add("waiting", `${waiting.map(nameInWords).join(", ")} ${waiting.length === 1 ? "needs" : "need"} it and ${waiting.length === 1 ? "is" : "are"} not ready either`);
  add("meanwhile", meanwhile(oldVersion));
  return lines.join("\n");
}

function meanwhile(old: Failure["oldVersion"]): string | undefined {
  if (!old) return undefined;
  const pods = `${old.ready} of ${old.of} ${old.of === 1 ? "pod" : "pods"} ready`;
  return old.ready > 0 ? `the old version keeps serving: ${pods}` : `the old version does not serve: ${pods}`;
}

const cut = (text: string, length = longest) => (text.length > length ? `${text.slice(0, length)} …` : text);
