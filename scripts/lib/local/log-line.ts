import { styleText } from "node:util";

/**
 * One line for people: JSON as pino and others write it becomes its message and fields, anything else stays.
 * @see https://getpino.io/#/docs/api?id=level-string
 */
export function readable(line: string, colours: boolean): string {
  if (!line.startsWith("{") || !line.endsWith("}")) return harmless(line, colours);
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return harmless(line, colours);
  }
  const { msg, message = msg, level, err, time: _time, timestamp: _timestamp, pid: _pid, hostname: _hostname, service: _service, ...fields } = entry;
  if (typeof message !== "string") return harmless(line);
  const rank = rankOf(level);
  // What JSON held in escapes may have come from anyone: a path that was asked for, a header.
  const paint = (style: "red" | "yellow" | "dim" | undefined, text: string) => (colours && text && style ? styleText(style, harmless(text), { validateStream: false }) : harmless(text));
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const text = paint(rank >= 50 ? "red" : rank >= 40 ? "yellow" : undefined, message);
  return `${rank >= 40 && !colours ? `${rank >= 50 ? "error" : "warning"}: ` : ""}${text}${paint("dim", rest.join(""))}${typeof stack === "string" ? `\n${harmless(stack)}` : ""}`;
}

const ranks: Record<string, number> = { trace: 10, debug: 20, info: 30, warn: 40, warning: 40, error: 50, fatal: 60 };
const rankOf = (level: unknown) => (typeof level === "number" ? level : (ranks[String(level).toLowerCase()] ?? 30));

// Control sequences, then strings to the terminal (titles, links, its clipboard), up to BEL or ST; then what is left of
// both sets of control characters, but for tab and newline. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
const controls = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Removes what clears the screen, moves the cursor or talks to the terminal: other processes write to the same one. */
export const harmless = (text: string, colours = false): string => text.replace(controls, (sequence) => (colours && /^\x1b\[[\d;:]*m$/.test(sequence) ? sequence : ""));
