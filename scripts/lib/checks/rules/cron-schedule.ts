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

// Short names that JavaScript knows and the IANA database does not.
const onlyHere = new Set("ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST".split(" "));

/** The server knows names of the IANA database only: no offsets, not "Local", and each in its own capitals. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name) || onlyHere.has(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
