import { expect, it } from "vitest";
import { dev } from "../../../manifests/environments/dev.ts";
import { prod } from "../../../manifests/environments/prod.ts";
import type { Declarations } from "../../../manifests/secrets.ts";
import { randomValue } from "./made-up.ts";
import { isPlaceholder, problemsOf, wordsOf } from "./problems.ts";

const list: Declarations = {
  API_TOKEN: { what: "the token of the payment service", usedBy: ["backend"] },
  DATABASE_PASSWORD: { what: "a password", usedBy: ["backend", "valkey"] },
  TRACING_TOKEN: { what: "for traces", usedBy: ["backend"], optional: true },
};
const of = (found: Record<string, string | undefined>, environment = prod) => problemsOf(environment, list, found).map(({ key, what }) => `${key} ${what}`);
const good = { API_TOKEN: "f3b0c44298fc", DATABASE_PASSWORD: "a b#c'ü" };

it("good values pass, optional ones may be absent or empty", () => {
  expect(of(good)).toEqual([]);
  expect(of({ ...good, TRACING_TOKEN: "" })).toEqual([]);
});

it("all that is wrong is named at once", () => {
  expect(of({ API_TOKEN: "", TRACING_TOKEN: "xxx" })).toEqual(["API_TOKEN is empty", "DATABASE_PASSWORD is missing", "TRACING_TOKEN is a placeholder"]);
});

it.each(["changeme", "CHANGE_ME", "Change-me!", "changeit", "ChangeMe123", "please-change-me", "xxx", "XXXXXXXX", "<password>", "<your token here>", "example", "example-password", "your-api-key", "your_token_here", "replace me", "todo", "TBD", "placeholder", "dummy", "***", "...", "{{ password }}", "${PASSWORD}", "$PASSWORD", "password", "secret", " changeme\n", "null", "undefined"])(
  "a placeholder does not reach users: %j",
  (value) => {
    expect(isPlaceholder(value)).toBe(true);
    expect(of({ ...good, API_TOKEN: value })).toEqual(["API_TOKEN is a placeholder"]);
  },
);

it.each(["changing-of-the-guard", "xxA1", "s3cret", "<a>b</a>", "my-example-9f", "$2b$10$abcdefghijklmnopqrstuv", "youreadthis", "passwordless9", "[1, 2]", "a...", "testing-1-2"])(
  "a value that only resembles one is taken: %j",
  (value) => expect(isPlaceholder(value)).toBe(false),
);

it("what was made up for development is refused elsewhere", () => {
  expect(of({ ...good, API_TOKEN: randomValue() })).toEqual(["API_TOKEN was made up for development"]);
  expect(of({ ...good, API_TOKEN: randomValue() }, dev)).toEqual([]);
  expect(randomValue()).not.toBe(randomValue());
});

it("values that no environment variable can hold as they were typed are refused", () => {
  expect(of({ API_TOKEN: "a\0b", DATABASE_PASSWORD: "a\uFFFDb" })).toEqual(["API_TOKEN holds a NUL byte, which no environment variable can", "DATABASE_PASSWORD is not UTF-8"]);
  expect(of({ ...good, API_TOKEN: " \n" })).toEqual(["API_TOKEN holds nothing but spaces"]);
});

it("a slip in a name is recognised", () => {
  expect(of({ ...good, API_TOKEN: undefined, API_TOKNE: "f3b0c442" })).toEqual(["API_TOKEN is missing (is API_TOKNE meant to be it?)"]);
});

it("the report says what each is, who needs it and where it is expected, and shows no value", () => {
  const problems = problemsOf({ ...prod, secrets: { from: "dotenv", file: ".env.prod" } }, list, { API_TOKEN: "<canary>" });
  expect(wordsOf(problems, { ...prod, secrets: { from: "dotenv", file: ".env.prod" } })).toBe(
    [
      "API_TOKEN          is a placeholder: the token of the payment service, for backend",
      "DATABASE_PASSWORD  is missing: a password, for backend and valkey",
      "expected in the file .env.prod",
    ].join("\n"),
  );
});
