import { UserError } from "../errors.ts";
import { readSession, type ProcessState } from "./session.ts";

export const isRunning = (folder: string): boolean => readSession(folder) !== undefined;

/** Prints what runs, to stdout. @throws UserError when nothing does */
export function sayStatus(folder: string, json: boolean): void {
  const session = readSession(folder);
  if (!session) throw new UserError("the application does not run here", { next: "npm start" });
  if (json) return console.log(JSON.stringify(session, null, 2));
  const rows = session.processes.map((one) => [one.name, wordsOf(one), one.ports.join(", "), uptimeOf(one), one.restarts > 0 ? `restarted ${one.restarts}×` : ""]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length), 0));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd());
  console.log();
  for (const { url, process } of session.urls) console.log(`${url}   ${process}`);
}

const wordsOf = ({ state, note, pid }: ProcessState) => (state === "missing" ? `does not run: ${note}` : state === "waiting" ? `${note}, starts again` : `${state}, process ${pid}`);

function uptimeOf({ since, state }: ProcessState): string {
  if (!since || state === "waiting" || state === "missing") return "";
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
