import { environmentTexts } from "../config.ts";
import { rule, suggestion } from "../rule.ts";
import { podsBehind } from "../services.ts";

// Of these a host of the network follows; of others, as s3 and gs, a bucket. A driver may stand behind: postgresql+asyncpg.
const schemes =
  "https?|wss?|rediss?|valkeys?|postgres(?:ql)?|mysql|mariadb|mongodb|clickhouse|amqps?|mqtts?|stomp|nats|kafka|plaintext|grpcs?|tcp|udp|tls|ssl|memcached?|ldaps?|smtps?|s?ftp|ssh";
const address = new RegExp(`\\b(?:${schemes})(?:\\+[a-z0-9]{1,20})?://(?:[^\\s/@]*@)?([^\\s/?#,"']+)`, "gi");

export default rule({
  name: "dangling-service-address",
  group: "references",
  why: "A service that looks for another under a name or port that no Service has waits for it for ever.",
  *check(objects) {
    if (objects.of("Service").length === 0) return;
    for (const { object, path, value, namespace: own } of environmentTexts(objects))
      for (const [, text] of value.matchAll(address)) {
        const [host = "", port] = text!.split(":");
        const [, name, namespace = own] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
        if (!name || name === "localhost" || /^\d+$/.test(name)) continue;
        // Only of namespaces that are part of what is applied is it known what they hold.
        if (namespace !== own && !objects.find("Namespace", "", namespace)) continue;
        const service = objects.find("Service", namespace, name);
        if (!service) {
          yield { object, path, message: `there is no Service ${name}${suggestion(name, objects.names("Service", namespace))}`, fix: "correct the host" };
          continue;
        }
        // Behind a headless Service clients meet the pods' own ports.
        const ports =
          service.spec?.clusterIP === "None"
            ? podsBehind(objects, service).flatMap(({ containers }) => containers.flatMap(({ container }) => container.ports?.map(({ containerPort }) => containerPort) ?? []))
            : (service.spec?.ports ?? []).map(({ port }) => port);
        if (port && /^\d+$/.test(port) && service.spec?.type !== "ExternalName" && ports.length > 0 && !ports.includes(Number(port)))
          yield { object, path, message: `Service ${name} has no port ${port} (it has ${[...new Set(ports)].join(", ")})`, fix: "use a port of its spec.ports" };
      }
  },
});
