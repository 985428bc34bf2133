import { rule } from "../rule.ts";

export default rule({
  name: "self-signed-issuer",
  group: "environment",
  why: "Browsers refuse certificates of an issuer that they don't know; the CA of development must never vouch for users' hosts.",
  *check(objects) {
    if (objects.settings?.development) return;
    for (const object of [...objects.of("ClusterIssuer"), ...objects.of("Issuer")]) {
      const { selfSigned, ca, acme } = object.spec ?? {};
      if (selfSigned) yield { object, path: "spec.selfSigned", message: "signs certificates that no browser trusts", fix: "use acme, or waive it for what users never see" };
      if (ca) yield { object, path: "spec.ca", message: "is a CA of our own, which no browser trusts by itself", fix: "use acme, or waive it where every client has the CA" };
      if (acme?.skipTLSVerify) yield { object, path: "spec.acme.skipTLSVerify", message: "believes whoever answers for the directory", fix: "remove it" };
      if (objects.settings?.name === "prod" && /staging/.test(acme?.server ?? ""))
        yield { object, path: "spec.acme.server", message: "is a staging directory, whose certificates no browser trusts", fix: "https://acme-v02.api.letsencrypt.org/directory" };
    }
  },
});
