import { expect, it } from "vitest";
import { exampleFile } from "./example.ts";
import { readFileSync } from "node:fs";

it("a newcomer reads from .env.example what each secret is, who needs it, and what may stay empty", () => {
  expect(
    exampleFile({
      A: { what: "the first. Ask Ada", usedBy: ["backend"], optional: true, environments: ["staging", "prod"] },
      B: { what: "the second", usedBy: ["backend", "valkey"], randomInDevelopment: true },
    }).split("\n\n").slice(1).join("\n"),
  ).toBe(`# The first. Ask Ada.
# For backend; in staging, prod only. Optional.
A=
# The second.
# For backend, valkey. In development a random value is made up when there is none.
B=
`);
});

it("the committed .env.example is up to date (npx zx scripts/secrets.mts --example)", () => {
  expect(readFileSync(".env.example", "utf8")).toBe(exampleFile());
});
