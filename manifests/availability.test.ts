import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import { expect, it } from "vitest";
import type { Environment } from "./environment.ts";
import { dev } from "./environments/dev.ts";
import { prod } from "./environments/prod.ts";
import { manifests } from "./index.ts";

interface Plain {
  kind: string;
  metadata: { name: string };
  spec: { [field: string]: unknown };
}
const of = (environment: Environment, kind: string) => (JSON.parse(JSON.stringify(manifests(environment))) as Plain[]).filter((object) => object.kind === kind);
const deployments = (environment: Environment) => of(environment, "Deployment") as unknown as IDeployment[];
const containers = ({ spec }: IDeployment) => spec!.template.spec!.containers;

it("users lose no request to an update: pods wait before they stop, within the time that they are given, and none goes early", () => {
  for (const deployment of deployments(prod)) {
    const grace = deployment.spec!.template.spec!.terminationGracePeriodSeconds ?? 30;
    for (const { lifecycle } of containers(deployment)) {
      const wait = lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(wait).toBeGreaterThan(3.3);
      // What the services take to finish (finishWithinMs), and as much again.
      expect(wait + 2 * 8).toBeLessThan(grace);
    }
    // For one replica, what Kubernetes does by itself comes to the same.
    const { maxUnavailable = 0 } = deployment.spec!.strategy?.rollingUpdate ?? {};
    expect(maxUnavailable).toBe(0);
  }
});

it("nobody who develops waits for pods to end", () => {
  expect(deployments(dev).flatMap(containers).filter(({ lifecycle }) => lifecycle)).toEqual([]);
});

it("a deploy does not undo what the autoscaler did", () => {
  const scaled = of(prod, "HorizontalPodAutoscaler").map(({ spec }) => (spec["scaleTargetRef"] as { name: string }).name);
  expect(scaled).toEqual(["backend", "landing-page"]);
  for (const { metadata, spec } of of(prod, "Deployment")) expect("replicas" in spec, metadata.name).toBe(!scaled.includes(metadata.name));
  // Without one, the number is said.
  for (const { spec } of of({ ...prod, maxReplicas: undefined }, "Deployment")) expect(spec["replicas"]).toBeTypeOf("number");
  expect(of(dev, "HorizontalPodAutoscaler")).toEqual([]);
});

it("a drain is never blocked: every budget lets one pod go", () => {
  const budgets = of(prod, "PodDisruptionBudget");
  expect(budgets.map(({ metadata }) => metadata.name)).toEqual(["backend", "landing-page"]);
  for (const { spec } of budgets) expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
});
