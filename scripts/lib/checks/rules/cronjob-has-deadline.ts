import { rule } from "../rule.ts";

export default rule({
  name: "cronjob-has-deadline",
  group: "policy",
  severity: "warning",
  why: "Without a deadline a run that was missed is started however late.",
  *check(objects) {
    for (const object of objects.of("CronJob"))
      if (object.spec && object.spec.startingDeadlineSeconds === undefined) yield { object, path: "spec.startingDeadlineSeconds", message: "is missing", fix: "set it, as 300" };
  },
});
