import { stripVTControlCharacters, styleText } from "node:util";

/**
 * One line for people: JSON as pino and others write it becomes its message and fields, anything else stays.
 * @see https://getpino.io/#/docs/api?id=level-string
 */
export function readable(line: string, colours: boolean): string {
  if (!line.startsWith("{") || !line.endsWith("}")) return colours ? withoutMovement(line) : stripVTControlCharacters(line);
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { msg, message = msg, level, err, time: _time, timestamp: _timestamp, pid: _pid, hostname: _hostname, service: _service, ...fields } = entry;
  if (typeof message !== "string") return line;
  const rank = rankOf(level);
  const paint = (style: "red" | "yellow" | "dim", text: string) => (colours && text ? styleText(style, text, { validateStream: false }) : text);
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const text = rank >= 50 ? paint("red", message) : rank >= 40 ? paint("yellow", message) : message;
  return `${rank >= 40 && !colours ? `${rank >= 50 ? "error" : "warning"}: ` : ""}${text}${paint("dim", rest.join(""))}${typeof stack === "string" ? `\n${stack}` : ""}`;
}

const ranks: Record<string, number> = { trace: 10, debug: 20, info: 30, warn: 40, warning: 40, error: 50, fatal: 60 };
const rankOf = (level: unknown) => (typeof level === "number" ? level : (ranks[String(level).toLowerCase()] ?? 30));

/** Keeps colours, removes what clears the screen or moves the cursor: other processes write to the same terminal. */
const withoutMovement = (text: string) => text.replace(/\x1b(?:\[[0-9;?]*([A-Za-z])|c|\][^\x07]*\x07)/g, (sequence, letter) => (letter === "m" ? sequence : ""));
