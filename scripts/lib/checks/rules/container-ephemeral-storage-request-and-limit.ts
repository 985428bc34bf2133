import { unset } from "../resources.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "container-ephemeral-storage-request-and-limit",
  group: "policy",
  why: "Without a limit logs and temporary files fill the node's disk, and the node evicts everyone.",
  check: (objects) => unset(objects, "ephemeral-storage", ["requests", "limits"]),
});
