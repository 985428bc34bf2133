import { describe, expect, it } from "vitest";
import { originOf } from "../origins.ts";
import { readYaml } from "./yaml.ts";

const placed = (text: string) => readYaml(text, "a.yaml").documents.map((document) => [(document as { a?: unknown }).a, originOf(document)?.line]);

describe("a file of YAML", () => {
  it("is its documents, each with the line where it begins", () => {
    expect(placed("# about\na: 1\n---\n\n# more\na: 2\n--- # third\na: 3\n---\n---\n...\n")).toEqual([[1, 2], [2, 6], [3, 8]]);
    expect(placed("a: 1\r\n---\r\na: 2\r\n")).toEqual([[1, 1], [2, 3]]);
    expect(originOf(readYaml("a: 1", "app.yaml").documents[0]!)).toEqual({ file: "app.yaml", line: 1 });
  });
  it("may be JSON, or empty", () => {
    expect(placed('{"a": {"b": [1]}}\n')).toEqual([[{ b: [1] }, 1]]);
    expect(readYaml("", "a").documents).toEqual([]);
    expect(readYaml("# nothing\n---\n", "a")).toEqual({ documents: [], problems: [] });
  });
  it("is read as kubectl reads it", () => {
    const text = "{a: [on, yes, Off, 0644, 0x10, 2026-11-23, 12:30:45, 1_000, ~, 1e3, '08', 1.10]}";
    expect(placed(text)[0]![0]).toEqual([true, true, false, 420, 16, "2026-11-23", "12:30:45", 1000, null, 1000, "08", 1.1]);
  });
  it("may refer to itself and merge", () => {
    expect(placed("a: &x {b: 1}\nc: *x\n")).toEqual([[{ b: 1 }, 1]]);
    expect(readYaml("x: &x {b: 1}\nz:\n  <<: *x\n  c: 2\n", "a").documents).toEqual([{ x: { b: 1 }, z: { b: 1, c: 2 } }]);
  });
  it("with a mistake says where, and the other documents are still read", () => {
    const { documents, problems } = readYaml("a: 1\n---\na:\n  - b\n c: 1\n---\na: 3\n---\njust words\n---\na: 1\na: 2\n", "a.yaml");
    expect(documents.map((document) => (document as { a: number }).a)).toEqual([1, 3]);
    expect(problems.map(({ rule, severity, file, line }) => [rule, severity, file, line])).toEqual([
      ["yaml", "error", "a.yaml", 5],
      ["yaml", "error", "a.yaml", 9],
      ["yaml", "error", "a.yaml", 12],
    ]);
    expect(problems[1]!.message).toBe("holds text where an object is expected");
    expect(problems[2]!.message).toMatch(/duplicated mapping key/);
  });
});
