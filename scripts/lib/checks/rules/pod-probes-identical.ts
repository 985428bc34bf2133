import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";

export default rule({
  name: "pod-probes-identical",
  group: "policy",
  why: "With one question for both, a program that is only busy is restarted instead of being spared.",
  *check(objects) {
    for (const { pod, container, path } of containersOf(objects)) {
      const [live, ready] = [container.livenessProbe, container.readinessProbe].map((probe) => {
        const { exec, httpGet, tcpSocket, grpc } = probe ?? {};
        return probe && JSON.stringify({ exec, httpGet, tcpSocket, grpc });
      });
      if (live !== undefined && live === ready)
        yield { object: pod.object, path: pathOf(path, "livenessProbe"), message: "asks the same as readinessProbe", fix: "ask whether the process works, and in readinessProbe whether it wants requests" };
    }
  },
});
