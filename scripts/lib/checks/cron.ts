import { parseDuration } from "./duration.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields = [
  { name: "minute", min: 0, max: 59, words: [] },
  { name: "hour", min: 0, max: 23, words: [] },
  { name: "day of the month", min: 1, max: 31, words: [] },
  { name: "month", min: 1, max: 12, words: months },
  // 7 for Sunday, which crontab(5) allows, is refused.
  { name: "day of the week", min: 0, max: 6, words: days },
] as const;

const macros = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/**
 * @returns why Kubernetes refuses this schedule; undefined if it takes it
 * @see https://pkg.go.dev/github.com/robfig/cron/v3, which reads it there
 */
export function cronFault(schedule: string): string | undefined {
  if (/TZ=/.test(schedule)) return "the time zone belongs into spec.timeZone";
  if (schedule.startsWith("@every ")) return parseDuration(schedule.slice(7)) === undefined ? "@every takes a duration such as 1h30m" : undefined;
  if (schedule.startsWith("@")) return macros.includes(schedule) ? undefined : `${schedule} is none of ${macros.join(", ")}`;
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== 5) return `it has ${parts.length} fields, not 5`;
  for (const [index, field] of fields.entries())
    for (const part of parts[index]!.split(",")) {
      // It drops empty parts: "0,30," is "0,30".
      const fault = part === "" ? undefined : partFault(part, field);
      if (fault) return `${field.name} ${JSON.stringify(part)}: ${fault}`;
    }
  return undefined;
}

function partFault(part: string, { min, max, words }: (typeof fields)[number]): string | undefined {
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0 || (step !== undefined && !/^\+?0*[1-9]\d*$/.test(step))) return "a step is a number over 0 after one /";
  if (range === "*" || range === "?") return undefined;
  const ends = range.split("-").map((word) => {
    const place = (words as readonly string[]).indexOf(word.toLowerCase());
    return place >= 0 ? place + min : /^\d+$/.test(word) ? Number(word) : NaN;
  });
  if (ends.length > 2 || ends.some(Number.isNaN)) return "not a number, name, range or *";
  if (ends.some((end) => end < min || end > max)) return `must be ${min} to ${max}`;
  return ends.length === 2 && ends[0]! > ends[1]! ? "the range runs backwards" : undefined;
}
