import { unset } from "../resources.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "unset-memory-requirements",
  group: "policy",
  others: ["container-resources"],
  why: "Without a limit one leak takes the node's other pods with it.",
  check: (objects) => unset(objects, "memory", ["requests", "limits"]),
});
