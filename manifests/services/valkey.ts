import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Environment } from "../environment.ts";
import { valkey as image } from "../images.ts";
import { containerSecurity, podSecurity } from "../security.ts";

const name = "valkey";
const labels = { "app.kubernetes.io/name": name };
const port = 6379;

export default (environment: Environment) => {
  const { namespace } = environment;
  return [
    new ServiceAccount({ metadata: { name, namespace, labels }, automountServiceAccountToken: false }),
    new ConfigMap({ metadata: { name, namespace, labels }, data: { MAX_MEMORY: "200mb" } }),
    new StatefulSet({
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
            // The ids of the image's own user, whose data folder it is.
            securityContext: podSecurity(999, 1000),
            containers: [
              {
                name,
                image: image.image,
                command: ["valkey-server"],
                args: [
                  ...["--port", "$(PORT)"],
                  ...["--dir", "/data"],
                  ...["--appendonly", "yes"],
                  ...["--maxmemory", "$(MAX_MEMORY)"],
                  // Off, so that other pods are answered; a NetworkPolicy and a password are what protects it.
                  ...["--protected-mode", "no"],
                ],
                env: [{ name: "PORT", value: String(port) }],
                envFrom: [{ configMapRef: { name } }],
                ports: [{ name: "valkey", containerPort: port }],
                startupProbe: { tcpSocket: { port: "valkey" }, periodSeconds: 1, failureThreshold: 60 },
                // A server that still loads its data accepts connections, but does not answer PONG.
                readinessProbe: { exec: { command: ["sh", "-c", "valkey-cli -p $PORT ping | grep -q PONG"] }, periodSeconds: 5 },
                livenessProbe: { tcpSocket: { port: "valkey" }, periodSeconds: 10, failureThreshold: 3 },
                resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
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
    }),
    new Service({
      metadata: { name, namespace, labels },
      spec: { clusterIP: "None", selector: labels, ports: [{ name: "valkey", port, targetPort: "valkey" }] },
    }),
  ];
};
