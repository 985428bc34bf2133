import { rule } from "../rule.ts";

export default rule({
  name: "certificate-key",
  group: "object",
  why: "cert-manager's webhook refuses key sizes that the algorithm does not have.",
  *check(objects) {
    for (const object of objects.of("Certificate")) {
      const { algorithm = "RSA", size } = object.spec?.privateKey ?? {};
      if (size === undefined) continue;
      const isRight = algorithm === "RSA" ? size >= 2048 && size <= 8192 : algorithm === "ECDSA" ? [256, 384, 521].includes(size) : true;
      if (!isRight)
        yield { object, path: "spec.privateKey.size", message: `${size} is no size of an ${algorithm} key`, fix: algorithm === "RSA" ? "use 2048 to 8192" : "use 256, 384 or 521" };
    }
  },
});
