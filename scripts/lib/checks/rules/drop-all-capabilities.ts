import { pathOf } from "../paths.ts";
import { linuxContainersOf, rule } from "../rule.ts";

export default rule({
  name: "drop-all-capabilities",
  group: "policy",
  why: "Capabilities are root's powers in pieces; only binding low ports may be added back (Pod Security: restricted).",
  others: ["drop-net-raw-capability"],
  *check(objects) {
    for (const { pod, container, path } of linuxContainersOf(objects)) {
      const { drop = [], add = [] } = container.securityContext?.capabilities ?? {};
      const place = pathOf(path, "securityContext.capabilities");
      if (!drop.includes("ALL")) yield { object: pod.object, path: pathOf(place, "drop"), message: "does not drop ALL", fix: "set drop: [ALL]" };
      for (const name of add)
        if (name !== "NET_BIND_SERVICE") yield { object: pod.object, path: pathOf(place, "add"), message: `adds ${name}`, fix: "remove it" };
    }
  },
});
