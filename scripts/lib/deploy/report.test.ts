import { expect, it } from "vitest";
import { masked } from "./fields.ts";
import type { Change } from "./plan.ts";
import { driftText, historyText, planText, summary } from "./report.ts";
import type { Revision } from "./revisions.ts";

const object = { apiVersion: "v1", kind: "ConfigMap", namespace: "prod", name: "web" };
const change = (more: Partial<Change>): Change => ({ action: "update", object, fields: [], ...more });

it("shows signs as well as colours, and counts what it does not show", () => {
  const changes = [change({ action: "create" }), change({ fields: [{ path: "data.A", from: "1", to: "2" }] }), change({ action: "delete", remark: "no longer in the manifests" }), change({ action: "unchanged" }), change({ action: "unchanged" })];
  expect(planText(changes)).toBe(` + create  ConfigMap prod/web
 ~ update  ConfigMap prod/web
       data.A: 1 → 2
 - delete  ConfigMap prod/web  (no longer in the manifests)

 1 to create, 1 to update, 1 to delete, 2 unchanged`);
  expect(planText(changes, { colour: true })).toContain("\u001b[32m+ create");
});

it("shows only the lines of a long text that differ", () => {
  const text = (line: string) => `${"same\n".repeat(50)}${line}\n${"end\n".repeat(50)}`;
  const shown = planText([change({ fields: [{ path: 'data["app.conf"]', from: text("old"), to: text("new") }] })]).split("\n");
  expect(shown.filter((line) => /^\s+[-+]/.test(line)).map((line) => line.trim())).toEqual(["-   old", "+   new"]);
});

it("says of a Secret's value only that it changes", () => {
  const fields = [{ path: "data.A", from: masked, to: masked }, { path: "data.B", to: masked }, { path: "data.C", from: masked }];
  const shown = planText([change({ fields })]);
  expect(shown).toContain("data.A: secret value changed");
  expect(shown).toContain("data.B: new secret value");
  expect(shown).toContain("data.C: secret value removed");
});

it("lets nothing out of a cluster steer the terminal", () => {
  expect(planText([change({ fields: [{ path: "data.A", from: "\u001b[2J", to: "a\nb\u001b]0;x\u0007" }] })])).not.toMatch(/[\u001b\u0007]/);
  expect(planText([change({ conflicts: [{ field: "f", manager: "m", live: "\u001b[2J", wanted: "x" }] })])).not.toContain("\u001b");
});

it("counts in the past tense what is done", () => {
  expect(summary([change({ action: "create" }), change({}), change({ action: "keep" })], { done: true })).toBe("1 created, 1 updated, 1 kept");
});

it("lists revisions so that one finds the one to go back to", () => {
  const revision = { number: 12, at: "2026-05-06T07:08:09Z", by: "Ann <ann@example.com>", commit: "abc", result: "failed", remark: "Deployment prod/web: CrashLoopBackOff", rollbackTo: 9, images: { "r/web:1.2": `r/web@sha256:${"a".repeat(64)}` } } as unknown as Revision;
  expect(historyText([revision, { ...revision, number: 9, result: "succeeded", remark: undefined, rollbackTo: undefined } as Revision])).toBe(` 12  2026-05-06 07:08 UTC  failed     abc  Ann <ann@example.com>
     back to revision 9
     Deployment prod/web: CrashLoopBackOff
     web:1.2 aaaaaaaaaaaa
 9   2026-05-06 07:08 UTC  succeeded  abc  Ann <ann@example.com>
     web:1.2 aaaaaaaaaaaa`);
});

it("names whoever changed a field by hand", () => {
  expect(driftText([{ object, fields: [{ path: "data.A", from: "1", to: "2", managers: ["kubectl-edit"] }] }])).toContain("data.A: 1 → 2  (kubectl-edit)");
});
