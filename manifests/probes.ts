import type { IContainer } from "kubernetes-models/v1/Container";

type Probes = Pick<IContainer, "startupProbe" | "readinessProbe" | "livenessProbe">;

/**
 * What our own services answer: /livez says that the process works, /readyz that it wants requests; neither asks other
 * services, or one that is down would take all with it. Starting may take a minute, for in development it compiles.
 * @param port the container port's name
 */
export const httpProbes = (port: string): Probes => ({
  startupProbe: { httpGet: { path: "/livez", port }, periodSeconds: 1, failureThreshold: 60 },
  readinessProbe: { httpGet: { path: "/readyz", port }, periodSeconds: 2 },
  livenessProbe: { httpGet: { path: "/livez", port }, periodSeconds: 10 },
});
