import { cronFault } from "../cron.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "cron-schedule",
  group: "object",
  why: "The API server refuses a schedule that it can't read; it is not quite that of crontab.",
  *check(objects) {
    for (const object of objects.of("CronJob")) {
      const { schedule, timeZone } = object.spec ?? {};
      const fault = schedule === undefined ? undefined : cronFault(schedule);
      if (fault) yield { object, path: "spec.schedule", message: `${JSON.stringify(schedule)}: ${fault}`, fix: 'minute hour day month weekday, as "30 4 * * 1-5"' };
      if (timeZone !== undefined && !isTimeZone(timeZone))
        yield { object, path: "spec.timeZone", message: `${JSON.stringify(timeZone)} is no time zone`, fix: "use a name such as Europe/Zurich or Etc/UTC" };
    }
  },
});

/** The server knows names of the IANA database only: no offsets, and not "Local". */
function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
