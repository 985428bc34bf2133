import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Environment } from "../environment.ts";
import { valkey as image } from "../images.ts";
import { secretEnv } from "../secrets.ts";
import { containerSecurity, podSecurity } from "../security.ts";
import { waive, type Waiver } from "../waivers.ts";

const name = "valkey";
const labels = { "app.kubernetes.io/name": name };
const port = 6379;

// The password goes by standard input, for a process's arguments are shown to everyone on its machine; in hex, so that
// none of its characters can end the line. `exec`, or the shell would keep SIGTERM from Valkey, which then saves nothing.
const start = String.raw`set -eu
hex=$(printf %s "$VALKEY_PASSWORD" | od -An -v -tx1 | tr -d ' \n' | sed 's/../\\x&/g')
exec "$0" "$@" - <<end
requirepass "$hex"
end
`;
// A server that still loads its data accepts connections, but does not answer PONG.
const answers = "REDISCLI_AUTH=$VALKEY_PASSWORD valkey-cli -p $PORT ping | grep -q PONG";

const pinnedByDeploy: Waiver = {
  rule: "latest-tag",
  reason: "deploy.mts puts the digest in its place: patches of Valkey 8 come with a deploy, never by themselves",
  until: "2027-06-30",
};

export default (environment: Environment) => {
  const { namespace } = environment;
  return [
    new ServiceAccount({ metadata: { name, namespace, labels }, automountServiceAccountToken: false }),
    new ConfigMap({ metadata: { name, namespace, labels }, data: { MAX_MEMORY: "200mb" } }),
    waive(pinnedByDeploy, new StatefulSet({
      metadata: { name, namespace, labels },
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: false,
            // Not the image's own user: ids under 10000 may be the node's, too. The volume is made writable for the group.
            securityContext: podSecurity(10001),
            containers: [
              {
                name,
                image: image.image,
                command: ["sh", "-c", start],
                args: [
                  "valkey-server",
                  ...["--port", "$(PORT)"],
                  ...["--dir", "/data"],
                  ...["--appendonly", "yes"],
                  ...["--maxmemory", "$(MAX_MEMORY)"],
                  // Off, so that other pods are answered; a NetworkPolicy and a password are what protects it.
                  ...["--protected-mode", "no"],
                ],
                env: [{ name: "PORT", value: String(port) }, ...secretEnv(environment, name, "VALKEY_PASSWORD")],
                envFrom: [{ configMapRef: { name } }],
                ports: [{ name: "valkey", containerPort: port }],
                startupProbe: { tcpSocket: { port: "valkey" }, periodSeconds: 1, failureThreshold: 60 },
                readinessProbe: { exec: { command: ["sh", "-c", answers] }, periodSeconds: 5 },
                livenessProbe: { tcpSocket: { port: "valkey" }, periodSeconds: 10, failureThreshold: 3 },
                resources: {
                  requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "64Mi" },
                  limits: { cpu: "2", memory: "256Mi", "ephemeral-storage": "256Mi" },
                },
                securityContext: { ...containerSecurity(environment), readOnlyRootFilesystem: true },
                volumeMounts: [{ name: "data", mountPath: "/data" }],
              },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      },
    })),
    new Service({
      metadata: { name, namespace, labels },
      spec: { clusterIP: "None", selector: labels, ports: [{ name: "valkey", port, targetPort: "valkey" }] },
    }),
  ];
};
