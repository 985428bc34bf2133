import { rule } from "../rule.ts";

export default rule({
  name: "job-ttl-seconds-after-finished",
  group: "policy",
  severity: "warning",
  why: "Finished Jobs and their pods stay for ever, and their names block the next run.",
  *check(objects) {
    for (const object of objects.of("Job"))
      if (object.spec && object.spec.ttlSecondsAfterFinished === undefined) yield { object, path: "spec.ttlSecondsAfterFinished", message: "is missing", fix: "set it, as 86400 for a day" };
  },
});
