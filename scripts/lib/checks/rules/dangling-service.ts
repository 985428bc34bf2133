import { rule } from "../rule.ts";
import { describe } from "../selectors.ts";
import { podsBehind } from "../services.ts";

export default rule({
  name: "dangling-service",
  group: "references",
  why: "A Service whose selector matches no pod answers nothing.",
  others: ["service-targets-pod"],
  *check(objects) {
    for (const object of objects.of("Service")) {
      const { selector, type } = object.spec ?? {};
      if (!selector || Object.keys(selector).length === 0 || type === "ExternalName") continue;
      if (podsBehind(objects, object).length === 0)
        yield { object, path: "spec.selector", message: `matches no pod: ${describe({ matchLabels: selector })}`, fix: "use labels of a pod template in the same namespace" };
    }
  },
});
