import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { autoscaler, budget, drain, rollout, spread } from "../availability.ts";
import { hosts, origin, type Environment } from "../environment.ts";
import { built, landing as image } from "../images.ts";
import { httpProbes } from "../probes.ts";
import { containerSecurity, podSecurity } from "../security.ts";

const name = "landing-page";
const labels = { "app.kubernetes.io/name": name };
const port = 8080;

export default (environment: Environment) => {
  const { namespace } = environment;
  return [
    new ServiceAccount({ metadata: { name, namespace, labels }, automountServiceAccountToken: false }),
    new ConfigMap({
      metadata: { name, namespace, labels },
      data: {
        BACKEND_URL: origin(environment, hosts(environment).backend),
        LOG_LEVEL: "info",
        ...(environment.iceServers && { ICE_SERVERS: JSON.stringify(environment.iceServers) }),
        // Vite's client connects to where the browser is, not to where Vite listens.
        ...(environment.development && { HMR_CLIENT_PORT: String(environment.httpsPort ?? 443) }),
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
                env: [{ name: "PORT", value: String(port) }],
                envFrom: [{ configMapRef: { name } }],
                ports: [{ name: "http", containerPort: port }],
                ...drain(environment),
                ...httpProbes("http"),
                resources: {
                  requests: { cpu: "20m", memory: "96Mi", "ephemeral-storage": "64Mi" },
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
