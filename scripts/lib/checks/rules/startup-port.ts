import { undeclaredPorts } from "../probes.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "startup-port",
  group: "object",
  why: "A startup probe of a port that the container does not have fails for ever.",
  check: (objects) => undeclaredPorts(objects, "startupProbe"),
});
