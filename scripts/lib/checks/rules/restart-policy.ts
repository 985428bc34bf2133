import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "restart-policy",
  group: "object",
  why: "The API server wants Always for pods that keep running, and Never or OnFailure for Jobs.",
  others: ["cronjob-restartpolicy"],
  *check({ pods }) {
    for (const { object, kind, spec, path } of pods) {
      const { restartPolicy } = spec;
      const place = pathOf(path, "restartPolicy");
      if (kind === "Pod") continue;
      if (kind === "Job" || kind === "CronJob") {
        if (restartPolicy !== "Never" && restartPolicy !== "OnFailure")
          yield { object, path: place, message: restartPolicy === undefined ? `is missing, which means Always` : `may not be ${restartPolicy} in a ${kind}`, fix: "set OnFailure, or Never to keep failed pods for their logs" };
      } else if (restartPolicy !== undefined && restartPolicy !== "Always")
        yield { object, path: place, message: `must be Always in a ${kind}`, fix: "remove it" };
    }
  },
});
