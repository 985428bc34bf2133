import { unset } from "../resources.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "unset-cpu-requirements",
  group: "policy",
  others: ["container-resources"],
  why: "Without a request the scheduler packs pods by chance, and the autoscaler has nothing to measure by.",
  check: (objects) => unset(objects, "cpu", ["requests"]),
});
