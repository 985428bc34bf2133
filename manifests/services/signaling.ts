import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { drain } from "../availability.ts";
import type { Environment } from "../environment.ts";
import { built, signaling as image } from "../images.ts";
import { httpProbes } from "../probes.ts";
import { containerSecurity, podSecurity } from "../security.ts";

const name = "signaling";
const labels = { "app.kubernetes.io/name": name };
const port = 4000;

export default (environment: Environment) => {
  const { namespace } = environment;
  return [
    new ServiceAccount({ metadata: { name, namespace, labels }, automountServiceAccountToken: false }),
    new ConfigMap({ metadata: { name, namespace, labels }, data: { LOG_LEVEL: "info" } }),
    new Deployment({
      metadata: { name, namespace, labels },
      spec: {
        // Rooms live in the process's memory, and two peers must meet in the same one.
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: false,
            securityContext: podSecurity(10001),
            containers: [
              {
                name,
                ...built(environment, image),
                env: [{ name: "PORT", value: String(port) }],
                envFrom: [{ configMapRef: { name } }],
                ports: [{ name: "ws", containerPort: port }],
                ...drain(environment),
                ...httpProbes("ws"),
                resources: {
                  requests: { cpu: "20m", memory: "96Mi", "ephemeral-storage": "64Mi" },
                  limits: { cpu: "2", memory: "384Mi", "ephemeral-storage": "1Gi" },
                },
                securityContext: containerSecurity(environment),
                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
              },
            ],
            volumes: [{ name: "tmp", emptyDir: {} }],
          },
        },
      },
    }),
    new Service({
      metadata: { name, namespace, labels },
      spec: { selector: labels, ports: [{ name: "ws", port, targetPort: "ws" }] },
    }),
  ];
};
