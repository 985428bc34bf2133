import { undeclaredPorts } from "../probes.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "liveness-port",
  group: "object",
  why: "A liveness probe of a port that the container does not have fails for ever.",
  check: (objects) => undeclaredPorts(objects, "livenessProbe"),
});
