import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { likelyFix, isSourceError } from "./likely-fix.ts";
import { readable } from "./log-line.ts";
import { openLogs, type LogOptions } from "./logs.ts";
import { escapeHtml } from "./pages.ts";

function logged(changes: Partial<LogOptions>, write: (logs: ReturnType<typeof openLogs>) => void): { text: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "logs-"));
  let text = "";
  const logs = openLogs({ folder, names: ["api", "backend"], colours: false, json: false, print: (part) => (text += part), ...changes });
  write(logs);
  logs.close();
  return { text, folder };
}

describe("the common stream", () => {
  it("names each line, and does not tear letters or lines apart", () => {
    const { text } = logged({}, (logs) => {
      const bytes = Buffer.from("one é\ntwo");
      logs.logOf("api").write("stdout", bytes.subarray(0, 5));
      logs.logOf("backend").write("stdout", Buffer.from("between\n"));
      logs.logOf("api").write("stdout", bytes.subarray(5));
      logs.logOf("api").write("stderr", Buffer.from("error\n"));
      logs.logOf("api").flush();
    });
    expect(text).toBe("backend │ between\napi     │ one é\napi     │ error\napi     │ two\n");
  });

  it("shows the wanted ones only, and the files get all", async () => {
    const { text, folder } = logged({ shown: ["api"] }, (logs) => {
      logs.logOf("api").write("stdout", Buffer.from("a\n"));
      logs.logOf("backend").write("stdout", Buffer.from("\x1b[31mb\x1b[0m\n"));
    });
    expect(text).toBe("api     │ a\n");
    await vi.waitFor(() => expect(readFileSync(join(folder, "backend.log"), "utf8")).toBe("b\n"));
    rmSync(folder, { recursive: true, force: true });
  });

  it("as JSON is one object for each line", () => {
    const { text } = logged({ json: true }, (logs) => logs.logOf("api").write("stderr", Buffer.from('say "hi"\n')));
    expect(JSON.parse(text)).toMatchObject({ process: "api", stream: "stderr", line: 'say "hi"' });
  });
});

it("lines from before all was well explain nothing that happens later", () => {
  logged({}, (logs) => {
    const log = logs.logOf("api");
    log.write("stderr", Buffer.from("SyntaxError: mended since\n"));
    log.mark();
    expect(log.recent(10)).toEqual([]);
    log.write("stdout", Buffer.from("request\n"));
    expect(log.recent(10)).toEqual(["request"]);
    expect(log.last(10)).toHaveLength(2);
  });
});

describe("log lines for people", () => {
  it.each([
    ['{"level":"info","time":"x","service":"s","port":1,"msg":"listening"}', "listening port=1"],
    ['{"level":50,"msg":"no","err":{"stack":"Error: no\\n  at x"}}', "error: no\nError: no\n  at x"],
    ["{not json}", "{not json}"],
    ['{"a":1}', '{"a":1}'],
    ["plain \x1b[31mred\x1b[0m", "plain red"],
  ])("%s", (line, expected) => expect(readable(line, false)).toBe(expected));

  it("keep their colours in a terminal, and can't clear its screen", () => expect(readable("\x1bc\x1b[2J\x1b[1;1H\x1b[31mred\x1b[0m", true)).toBe("\x1b[31mred\x1b[0m"));
});

describe("what helps, from the last lines", () => {
  const fixOf = (text: string, how?: string) => likelyFix(text.split("\n"), { folder: "backend", command: ["tsx"] }, how);
  it.each([
    ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'hono' imported from /x/app.ts", /^npm ci .*npm install hono/],
    ["Error: Cannot find module '@a/b/c' imported from x", /npm install @a\/b/],
    ["Error: Cannot find module './gone.ts'", /mend the import of \.\/gone\.ts/],
    ["/clone/backend/src/main.ts:3:7: ERROR: Expected \";\" but found \"x\"\nTransformError: Transform failed", /mend the syntax in backend: .*src\/main\.ts:3:7/],
    ["Error: listen EADDRINUSE: address already in use 127.0.0.1:3000", /port 3000/],
    ["backend can't start, its environment is wrong:\n  X is missing", /manifests/],
  ])("%s", (text, expected) => expect(fixOf(text)).toMatch(expected));

  it("nothing, when they don't tell", () => expect(fixOf("Error: out of ideas")).toBeUndefined());
  it("a program that is not there", () => expect(fixOf("", "could not be started: tsx is not there")).toBe("npm ci"));
  it("only errors in sources wait for an edit", () => {
    expect(isSourceError(["SyntaxError: Unexpected token"])).toBe(true);
    expect(isSourceError(["Error: connect ECONNREFUSED"])).toBe(false);
  });
});

it("what processes say can't become part of a page", () => expect(escapeHtml(`<a href="x" onclick='y'>&`)).toBe("&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;"));
