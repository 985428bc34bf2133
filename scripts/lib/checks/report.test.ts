import { describe, expect, it } from "vitest";
import { count, summary, toAnnotations, toJson, toText } from "./report.ts";
import type { Problem } from "./types.ts";

const object = { apiVersion: "apps/v1", kind: "Deployment", namespace: "prod", name: "backend" };
const place = { file: "manifests/services/backend.ts", line: 27 };
const missing: Problem = { rule: "missing-secret", severity: "error", object, path: "spec.env[2]", message: "Secret backend has no key A", fix: "correct the key", ...place };
const probe: Problem = { rule: "no-liveness-probe", severity: "warning", object, path: "spec.livenessProbe", message: "is missing", fix: "add one", ...place };
const waived: Problem = { ...probe, rule: "latest-tag", severity: "error", waived: { reason: "digest", until: "2027-01-31" } };
const elsewhere: Problem = { rule: "valid-name", severity: "error", object: { apiVersion: "v1", kind: "Namespace", name: "A" }, path: "metadata.name", message: "is wrong", fix: "mend it" };
const ofEnvironment: Problem = { rule: "no-local-host", severity: "error", path: "domain", message: "is local", fix: "mend it" };

it("groups by line and object: what is wrong, then rule and fix; a waiver says why and how long", () => {
  expect(toText([missing, elsewhere, probe, waived, ofEnvironment])).toBe(`manifests/services/backend.ts:27  Deployment prod/backend
  ✗ spec.env[2]  Secret backend has no key A
    missing-secret: correct the key
  ! spec.livenessProbe  is missing
    no-liveness-probe: add one
  - spec.livenessProbe  is missing
    latest-tag: waived until 2027-01-31: digest

Namespace A
  ✗ metadata.name  is wrong
    valid-name: mend it

environment
  ✗ domain  is local
    no-local-host: mend it`);
});

it("sums up", () => {
  expect(summary([missing, elsewhere, probe, waived])).toBe("2 errors, 1 warning, 1 waived");
  expect(summary([probe, probe])).toBe("2 warnings");
  expect(summary([])).toBe("no problems");
  expect(count([missing, probe, waived])).toEqual({ errors: 1, warnings: 1, waived: 1 });
});

it("JSON holds everything, and the counts", () => {
  expect(JSON.parse(toJson([missing, waived]))).toEqual({ errors: 1, warnings: 0, waived: 1, problems: [missing, waived] });
});

describe("annotations", () => {
  it("name file, line and rule; waived ones need nobody's attention", () => {
    expect(toAnnotations([missing, probe, waived])).toEqual([
      "::error file=manifests/services/backend.ts,line=27,title=missing-secret in Deployment prod/backend::spec.env[2]: Secret backend has no key A; correct the key",
      "::warning file=manifests/services/backend.ts,line=27,title=no-liveness-probe in Deployment prod/backend::spec.livenessProbe: is missing; add one",
    ]);
  });
  it("can't be broken out of by what a manifest holds", () => {
    const [line] = toAnnotations([{ ...elsewhere, object: { ...object, name: "a,b::c" }, message: "100%\n::error::x" }]);
    expect(line).toBe("::error title=valid-name in Deployment prod/a%2Cb%3A%3Ac::metadata.name: 100%25%0A::error::x; mend it");
  });
});
