import { styleText } from "node:util";

// stdout belongs to machines (YAML, JSON); everything a person reads while waiting goes to stderr. Plain lines only:
// several steps run side by side, and a log file must read as well as a terminal.

const colours = process.stderr.isTTY && !process.env["NO_COLOR"];
export const paint = (style: "green" | "red" | "yellow" | "dim" | "bold", text: string) =>
  colours ? styleText(style, text, { validateStream: false }) : text;

/** @param text what became true, in the past tense */
export const done = (text: string) => console.error(` ${paint("green", "✓")} ${text}`);
export const failed = (text: string) => console.error(` ${paint("red", "✗")} ${text}`);
export const working = (text: string) => console.error(paint("dim", ` • ${text} …`));
export const warn = (text: string) => console.error(` ${paint("yellow", "!")} ${text}`);
/** A line that is neither: headings, and what to type next. */
export const say = (text = "") => console.error(text);
export const bold = (text: string) => paint("bold", text);

/**
 * Runs one step of a script's checklist and says how it ended.
 * @param title what the step leaves behind: "Cluster", "ingress-nginx"
 * @param run returns what to add to the title: "created", "already there"
 * @throws what `run` throws, after a line that names the step
 */
export async function step(title: string, run: () => Promise<string | void> | string | void): Promise<void> {
  const start = Date.now();
  // Most steps of a second run take a moment; only those that don't are announced.
  const announce = setTimeout(() => working(title), 300);
  try {
    const outcome = await run();
    const seconds = Math.round((Date.now() - start) / 1000);
    done(`${title}${outcome ? ` ${outcome}` : ""}${seconds > 5 ? ` (${seconds} s)` : ""}`);
  } catch (error) {
    failed(title);
    throw error;
  } finally {
    clearTimeout(announce);
  }
}
