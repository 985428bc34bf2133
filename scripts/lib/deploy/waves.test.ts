import { expect, it } from "vitest";
import { environments } from "../../../manifests/environments/index.ts";
import { render } from "../render.ts";
import { inWaves, waveOf } from "./waves.ts";

const before = (first: string, second: string) => expect(waveOf(first), `${first} before ${second}`).toBeLessThan(waveOf(second));

it("makes what is needed before what needs it", () => {
  before("Namespace", "ConfigMap");
  before("CustomResourceDefinition", "Gadget");
  for (const needed of ["ConfigMap", "Secret", "ServiceAccount", "Service", "ExternalSecret", "PersistentVolumeClaim"]) before(needed, "StatefulSet");
  before("StatefulSet", "Deployment");
  before("Deployment", "Ingress");
  before("Deployment", "HorizontalPodAutoscaler");
});

it("loses no object of any environment, and none comes twice", () => {
  for (const environment of Object.values(environments)) {
    const objects = render(environment);
    const applied = inWaves(objects, ({ kind }) => kind).flatMap(({ items }) => items);
    expect(new Set(applied)).toEqual(new Set(objects));
    expect(applied).toHaveLength(objects.length);
  }
});
