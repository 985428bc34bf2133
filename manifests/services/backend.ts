import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { autoscaler, budget, drain, rollout, spread } from "../availability.ts";
import { hosts, origin, type Environment } from "../environment.ts";
import { backend as image, built } from "../images.ts";
import { httpProbes } from "../probes.ts";
import { secretEnv } from "../secrets.ts";
import { containerSecurity, podSecurity } from "../security.ts";

const name = "backend";
const labels = { "app.kubernetes.io/name": name };
const port = 3000;

export default (environment: Environment) => {
  const { namespace } = environment;
  return [
    new ServiceAccount({ metadata: { name, namespace, labels }, automountServiceAccountToken: false }),
    new ConfigMap({
      metadata: { name, namespace, labels },
      data: {
        VALKEY_URL: "redis://valkey:6379",
        SIGNALING_URL: "ws://signaling:4000",
        ALLOWED_ORIGINS: origin(environment, hosts(environment).page),
        LOG_LEVEL: "info",
      },
    }),
    new Deployment({
      metadata: { name, namespace, labels },
      spec: {
        ...rollout(environment),
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: false,
            securityContext: podSecurity(10001),
            ...spread(labels),
            containers: [
              {
                name,
                ...built(environment, image),
                env: [{ name: "PORT", value: String(port) }, ...secretEnv(environment, name, "VALKEY_PASSWORD")],
                envFrom: [{ configMapRef: { name } }],
                ports: [{ name: "http", containerPort: port }],
                ...drain(environment),
                ...httpProbes("http"),
                resources: {
                  requests: { cpu: "50m", memory: "128Mi", "ephemeral-storage": "64Mi" },
                  limits: { cpu: "2", memory: "512Mi", "ephemeral-storage": "1Gi" },
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
      spec: { selector: labels, ports: [{ name: "http", port, targetPort: "http" }] },
    }),
    ...autoscaler(environment, name, labels),
    ...budget(environment, name, labels),
  ];
};
