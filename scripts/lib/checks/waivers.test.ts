import { expect, it } from "vitest";
import { check } from "./index.ts";
import type { Settings } from "./objects.ts";
import type { Waiver } from "./types.ts";

const settings = (development: boolean): Settings => ({ name: development ? "dev" : "prod", development, context: development ? "kind-dev" : "prod", domain: "example.com" });
const pod = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "a" },
  data: { PASSWORD: "x" },
};
const fresh: Waiver = { rule: "sensitive-configmap", reason: "it is the word `x`", until: "2027-01-31" };

const problems = async (waivers: readonly Waiver[], development = false, today = "2026-11-23") =>
  (await check([pod], { environment: settings(development), waivers: () => waivers, today })).map(({ rule, severity, message, waived }) => ({ rule, severity, message, ...(waived && { waived }) }));
const secret = { rule: "sensitive-configmap", severity: "error", message: "PASSWORD looks like a secret" };

it("a waived problem is still told, with the reason", async () => {
  expect(await problems([fresh])).toEqual([{ ...secret, waived: { reason: fresh.reason, until: fresh.until } }]);
});
it("a waiver holds on its last day, and is an error on the next, with the problem", async () => {
  expect(await problems([fresh], false, "2027-01-31")).toMatchObject([{ waived: {} }]);
  expect(await problems([fresh], false, "2027-02-01")).toEqual([secret, { rule: "waiver", severity: "error", message: "the waiver of sensitive-configmap ended on 2027-01-31 (it is the word `x`)" }]);
});
it("a waiver that waives nothing is a warning where the rule applies, and none in development", async () => {
  const other = { ...fresh, rule: "latest-tag" };
  expect(await problems([fresh, other])).toMatchObject([{ waived: {} }, { rule: "waiver", severity: "warning", message: "the waiver of latest-tag waives nothing" }]);
  expect(await problems([fresh, other], true)).toMatchObject([{ severity: "warning", waived: {} }]);
});
it("a waiver of another rule, of no rule, without a reason or a real day waives nothing", async () => {
  const told = async (change: Partial<Waiver>) => (await problems([{ ...fresh, ...change }])).map(({ rule, severity, message }) => `${rule} ${severity} ${message}`).slice(1);
  expect(await told({ rule: "sensitive-configmaps" })).toEqual(["waiver error no rule is called sensitive-configmaps"]);
  expect(await told({ until: "next year" })).toEqual(['waiver error the waiver of sensitive-configmap ends on "next year"']);
  expect(await told({ until: "2027-13-01" })).toEqual(['waiver error the waiver of sensitive-configmap ends on "2027-13-01"']);
  expect(await told({ reason: " " })).toEqual(["waiver error the waiver of sensitive-configmap gives no reason"]);
});
