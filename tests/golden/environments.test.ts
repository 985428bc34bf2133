import { expect, it } from "vitest";
import { environments } from "../../manifests/environments/index.ts";
import { render, toYaml } from "../../scripts/lib/render.ts";

// What each environment is, as YAML beside this file: a change of the manifests shows in review as a change of these.
// When it is meant: npm test -- tests/golden --update
it.each(Object.values(environments))("$name is what tests/golden/$name.yaml says", async (environment) => {
  await expect(toYaml(render(environment))).toMatchFileSnapshot(`./${environment.name}.yaml`);
});
