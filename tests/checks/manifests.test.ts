import { expect, it } from "vitest";
import type { Environment } from "../../manifests/environment.ts";
import { environments } from "../../manifests/environments/index.ts";
import { renderChecked } from "../../scripts/lib/checks/gate.ts";
import { hasErrors } from "../../scripts/lib/checks/index.ts";
import { toText } from "../../scripts/lib/checks/report.ts";

for (const environment of Object.values<Environment>(environments))
  it(`the manifests of ${environment.name} are sound`, async () => {
    const { objects, problems } = await renderChecked(environment);
    expect(objects.length).toBeGreaterThan(0);
    const open = problems.filter(({ waived }) => !waived);
    expect(hasErrors(problems), toText(problems)).toBe(false);
    expect(toText(open)).toBe("");
    for (const { waived, file, line } of problems) expect({ waived, file, line }).toMatchObject({ waived: { reason: expect.stringMatching(/\w/) }, file: expect.stringMatching(/^manifests\//), line: expect.any(Number) });
  });
