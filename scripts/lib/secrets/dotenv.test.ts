import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { appendToDotenv, cutAtHash, readDotenv } from "./dotenv.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "dotenv-"))));
afterEach(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, ".env");
const read = (content: string | Buffer) => (writeFileSync(path(), content), readDotenv(path()));

it.each([
  ["no value at all", "A=\nB=1", { A: "", B: "1" }],
  ["spaces around", "  A =  b  ", { A: "b" }],
  ["spaces that belong to it", `A=" b "`, { A: " b " }],
  ["=", "A=a=b==", { A: "a=b==" }],
  ["# after a space", "A=a # no", { A: "a" }],
  ["# in quotes", `A="a # b" # no`, { A: "a # b" }],
  ["an apostrophe in a comment", "# don't\nA=b # it's\nC='d'", { A: "b", C: "d" }],
  ["single quotes: nothing is special", `A='a\\n$b"c'`, { A: `a\\n$b"c` }],
  ["double quotes: \\n is a line break", `A="a\\nb"`, { A: "a\nb" }],
  // Node's own parser ends this value at the backslash.
  ["an escaped quote", String.raw`A="a\"b"`, { A: String.raw`a\"b` }],
  ["backquotes", "A=`it's \"b\"`", { A: `it's "b"` }],
  ["several lines", `A="-----BEGIN KEY-----\nabc=\n-----END KEY-----"\nB=1`, { A: "-----BEGIN KEY-----\nabc=\n-----END KEY-----", B: "1" }],
  ["Windows line ends", `A=b\r\nC="d\r\ne"\r\nF=g\r\n`, { A: "b", C: "d\ne", F: "g" }],
  ["export", "export A=b\nexport\tC=d", { A: "b", C: "d" }],
  ["$ is left alone", "A=$HOME/${B}", { A: "$HOME/${B}" }],
  ["JSON", `A={"a": "b"}`, { A: `{"a": "b"}` }],
  ["the last one counts", "A=1\nA=2", { A: "2" }],
  ["letters of the world", "A=grüße–日本🔑", { A: "grüße–日本🔑" }],
  ["a byte order mark", "\uFEFFA=b", { A: "b" }],
])("a value is read as dotenv reads it: %s", (_, content, expected) => {
  expect(read(content)).toEqual(expected);
});

it("no file is an empty one", () => expect(readDotenv(path())).toEqual({}));

it("a file that is not UTF-8 is refused, not read with other letters", () => {
  expect(() => read(Buffer.from([0x41, 0x3d, 0xfc]))).toThrow(".env is not UTF-8");
  expect(() => read(Buffer.from("\uFEFFA=b", "utf16le"))).toThrow(".env is not UTF-8");
});

it("a folder in its place is an error that says so", () => {
  expect(() => readDotenv(folder)).toThrow(/can't be read/);
});

it("a value that ends early at its # is found; comments and quoted values are not mistaken for one", () => {
  expect(cutAtHash("A=p#ss\nB=p #c\nC='p#ss'\nexport D=x#\n# E=p#ss\nF=#x\nG=")).toEqual(["A", "D"]);
  expect(cutAtHash(`KEY="first\nB=p#ss\n"`)).toEqual([]);
});

it("what is added counts, leaves the rest as it was, and a new file is its owner's alone", () => {
  appendToDotenv(path(), { A: "1" });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  writeFileSync(path(), "# mine\nB=\r\nC='x'");
  appendToDotenv(path(), { B: "2" });
  expect(readFileSync(path(), "utf8")).toBe("# mine\nB=\r\nC='x'\nB=2\n");
  expect(readDotenv(path())).toEqual({ B: "2", C: "x" });
});

it("a linked file stays a link", () => {
  const shared = join(folder, "shared");
  writeFileSync(shared, "A=1\n");
  symlinkSync(shared, path());
  appendToDotenv(path(), { B: "2" });
  expect(readFileSync(shared, "utf8")).toBe("A=1\nB=2\n");
});

it("a file that can't be written: the error names what to write, not the value", () => {
  const error = (() => {
    try {
      appendToDotenv(join(folder, "no-such-folder", ".env"), { A: "canary" });
    } catch (error) {
      return error as Error & { next?: string };
    }
    throw new Error("it was written");
  })();
  expect(error.next).toContain("A=");
  expect(JSON.stringify([error.message, error.next])).not.toContain("canary");
});
