import { rule } from "../rule.ts";

const keys: Record<string, readonly string[]> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

export default rule({
  name: "secret-type",
  group: "object",
  why: "The API server refuses a Secret of a certain type without that type's keys.",
  *check(objects) {
    for (const object of objects.of("Secret")) {
      const { type = "Opaque", data = {}, stringData = {} } = object;
      for (const key of keys[type] ?? [])
        if (!Object.hasOwn(data, key) && !Object.hasOwn(stringData, key))
          yield { object, path: "data", message: `a Secret of type ${type} needs the key ${key}`, fix: "add it, or leave the type out" };
      if (type === "kubernetes.io/service-account-token" && !object.metadata.annotations?.["kubernetes.io/service-account.name"])
        yield { object, path: "metadata.annotations", message: "a token's Secret names its ServiceAccount", fix: "add the annotation kubernetes.io/service-account.name" };
    }
  },
});
