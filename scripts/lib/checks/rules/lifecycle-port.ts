import { undeclaredPorts } from "../probes.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "lifecycle-port",
  group: "object",
  why: "A hook of a port that the container does not have fails: after postStart the container is killed, and preStop tells nobody that it ends.",
  check: (objects) => undeclaredPorts(objects, "lifecycle"),
});
