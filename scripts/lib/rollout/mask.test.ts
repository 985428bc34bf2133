import { describe, expect, it } from "vitest";
import { createMask } from "./mask.ts";

const secret = (stringData: Record<string, string>) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "env" }, stringData });
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("a value of a Secret is not shown", () => {
  const value = "p@ss/w0rd+x";
  const mask = createMask([secret({ PASSWORD: value })]);
  it.each([
    ["plain", value],
    ["as base64", base64(value)],
    ["with its line's end, as base64", base64(`${value}\n`)],
    ["in an address", encodeURIComponent(value)],
    ["in JSON", JSON.stringify(value).slice(1, -1)],
    ["inside other words", `x${value}y`],
  ])("%s", (_, text) => {
    expect(mask(`before ${text} after`)).not.toContain(text);
    expect(mask(`before ${text} after`)).toContain("<Secret env: PASSWORD>");
  });

  it("from data as well as from stringData", () => {
    const mask = createMask([{ apiVersion: "v1", kind: "Secret", metadata: { name: "env" }, data: { KEY: base64("very secret") } }]);
    expect(mask("it is very secret")).toBe("it is <Secret env: KEY>");
  });

  it("nor any line of a key", () => {
    const mask = createMask([secret({ KEY: "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n" })]);
    expect(mask("| kqhkiG9w0BAQEF")).toBe("| <Secret env: KEY>");
    expect(mask("-----BEGIN PRIVATE KEY-----")).toBe("-----BEGIN PRIVATE KEY-----");
  });

  it("nor the longer of two where one begins like the other", () => {
    const mask = createMask([secret({ A: "abcdefgh", B: "abcdefgh-and-more" })]);
    expect(mask("abcdefgh-and-more")).toBe("<Secret env: B>");
  });

  it("nor a short one that stands alone; but words that contain it stay", () => expect(createMask([secret({ A: "dev" })])("dev device web-dev")).toBe("<Secret env: A> device web-dev"));

  it("nor one that an order to the terminal splits", () => {
    const mask = createMask([secret({ PASSWORD: "Canary-3f9c7a51", BELL: "ring\x07ring-ring" })]);
    for (const text of ["Canary-\x1b[31m3f9c7a51", "Canary-3f9c\x007a51", "ring\x07ring-ring"]) expect(mask(text)).toMatch(/^<Secret env: \w+>$/);
  });

  it.each([
    ["Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: Basic ***"],
    ["authorization: bearer eyJhbGciOi.J9.x_y-z", "authorization: bearer ***"],
    ["no basic auth credentials; Bearer token is missing", "no basic auth credentials; Bearer token is missing"],
  ])("nor what a request logs in with: %s", (text, shown) => expect(createMask([])(text)).toBe(shown));

  it("nor the password of an address that no Secret holds", () => expect(createMask([])("redis://user:hunter2@valkey:6379")).toBe("redis://user:***@valkey:6379"));
});

it("what programs write can't steer the terminal", () => {
  expect(createMask([])("\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 back\rhome")).toBe("red bell backhome");
});
