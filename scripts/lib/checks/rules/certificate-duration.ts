import { parseDuration } from "../duration.ts";
import { rule } from "../rule.ts";

const hour = 3600;

export default rule({
  name: "certificate-duration",
  group: "object",
  why: "cert-manager reads Go durations, which have no days, and refuses a certificate that would be renewed before it is issued.",
  *check(objects) {
    for (const object of objects.of("Certificate")) {
      const { duration, renewBefore, renewBeforePercentage } = object.spec ?? {};
      const [length = 2160 * hour, before] = [duration, renewBefore].map((text) => (text === undefined ? undefined : parseDuration(text)));
      for (const [field, text] of Object.entries({ duration, renewBefore }))
        if (text !== undefined && parseDuration(text) === undefined)
          yield { object, path: `spec.${field}`, message: `${JSON.stringify(text)} is no duration`, fix: "in hours, minutes and seconds: 2160h is 90 days" };
      if (duration !== undefined && length < hour) yield { object, path: "spec.duration", message: `${duration} is less than an hour`, fix: "use 1h or more" };
      else if (before !== undefined && before >= length)
        yield { object, path: "spec.renewBefore", message: `${renewBefore} is not less than the duration ${duration ?? "2160h"}`, fix: "lower it: a third of the duration is usual" };
      else if (before !== undefined && before < 300) yield { object, path: "spec.renewBefore", message: `${renewBefore} is less than 5 minutes`, fix: "use 5m or more" };
      if (renewBeforePercentage !== undefined && (renewBeforePercentage < 1 || renewBeforePercentage > 99))
        yield { object, path: "spec.renewBeforePercentage", message: `must be 1 to 99 but is ${renewBeforePercentage}`, fix: "33 renews in the last third" };
      if (renewBefore !== undefined && renewBeforePercentage !== undefined)
        yield { object, path: "spec.renewBeforePercentage", message: "may not be set with renewBefore", fix: "remove one of them" };
    }
  },
});
