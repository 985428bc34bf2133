import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "ingress-without-tls",
  group: "policy",
  why: "What is sent without TLS is read and changed on the way.",
  others: ["tlsSettingsMissing"],
  *check(objects) {
    for (const object of objects.of("Ingress"))
      if (object.spec && !object.spec.tls?.length) yield { object, path: pathOf("spec.tls"), message: "is missing", fix: "list the hosts and the Secret of a Certificate" };
  },
});
