import { expect, it } from "vitest";
import type { Environment } from "../../manifests/environment.ts";
import { environments } from "../../manifests/environments/index.ts";
import { environmentNamed } from "./environments.ts";

it.each(Object.keys(environments))("takes %s as it is", (name) => {
  expect(environmentNamed(name).name).toBe(name);
});

it("names every field that an environment does not have or lacks, and every word that means nothing", () => {
  const { registry: _, ...prod } = environments.prod;
  const wrong = { ...prod, maxReplica: 12, develpment: false, issuer: { ...prod.issuer, kind: "ACME" }, secrets: { from: "enviroment" } } as unknown as Environment;
  expect(() => environmentNamed("prod", { prod: wrong })).toThrow(
    expect.objectContaining({
      message: "5 things are wrong in manifests/environments/prod.ts; nothing was changed",
      why: expect.stringMatching(/no maxReplica\n +→ did you mean maxReplicas\?[^]*no develpment\n +→ did you mean development\?[^]*registry is missing[^]*issuer\.kind can't be "ACME"\n +→ one of ca, acme[^]*secrets\.from can't be "enviroment"/),
    }),
  );
});
