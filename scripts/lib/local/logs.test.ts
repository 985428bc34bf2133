import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { likelyFix, isSourceError } from "./likely-fix.ts";
import { readable } from "./log-line.ts";
import { openLogs, type LogOptions } from "./logs.ts";
import { escapeHtml } from "./pages.ts";

const soon = { timeout: 10_000, interval: 20 };

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
    await vi.waitFor(() => expect(readFileSync(join(folder, "backend.log"), "utf8")).toBe("b\n"), soon);
    rmSync(folder, { recursive: true, force: true });
  });

  it("lets nothing through to the file, or to a page, that a terminal would obey", async () => {
    const { folder } = logged({}, (logs) => {
      logs.logOf("api").write("stdout", Buffer.from("a\x1b]0;owned\x1b\\\u009bb\n"));
      expect(logs.logOf("api").last(1)).toEqual(["ab"]);
    });
    await vi.waitFor(() => expect(readFileSync(join(folder, "api.log"), "utf8")).toBe("ab\n"), soon);
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

  it.each([
    ["a clipboard", "\x1b]52;c;cm0gLXJm\x07"],
    ["a title that ends with ST", "\x1b]0;owned\x1b\\"],
    ["a device control string", "\x1bPowned\x1b\\"],
    ["a link", "\x1b]8;;https://evil\x1b\\"],
    ["keyboard settings", "\x1b[>4;2m"],
    ["other control characters", "\x1b\x9b\b\r\x07"],
  ])("let %s through to the terminal neither as text nor in JSON", (_what, sequence) => {
    for (const colours of [true, false]) {
      const plain = readable(`a${sequence}b`, colours);
      expect(plain).toBe("ab");
      for (const line of [{ msg: `a${sequence}b` }, { msg: "", [`a${sequence}b`]: { deep: sequence } }, { msg: "a", err: { stack: sequence } }, { url: sequence }])
        for (const level of [30, 40, 50]) {
          const painted = readable(JSON.stringify({ level, ...line }), colours);
          expect(painted.replace(/\x1b\[\d+m/g, "")).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
        }
      expect(readable(`{a${sequence}b}`, colours)).toBe("{ab}");
    }
  });

  it("keep their colours in a terminal, and can't clear its screen", () => expect(readable("\x1bc\x1b[2J\x1b[1;1H\x1b[31mred\x1b[0m", true)).toBe("\x1b[31mred\x1b[0m"));
});

describe("what helps, from the last lines", () => {
  const fixOf = (text: string, how?: string) => likelyFix(text.split("\n"), { folder: "backend", command: ["tsx"] }, how);
  it.each([
    ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'hono' imported from /x/app.ts", /^npm ci .*npm install --workspace backend hono\)$/],
    ["Error: Cannot find module '@a/b/c' imported from x", /npm install --workspace backend @a\/b\)$/],
    ["Error: Cannot find module './gone.ts'", /mend the import of \.\/gone\.ts/],
    ["/clone/backend/src/main.ts:3:7: ERROR: Expected \";\" but found \"x\"\nTransformError: Transform failed", /mend the syntax in backend: .*src\/main\.ts:3:7/],
    ["Error: listen EADDRINUSE: address already in use 127.0.0.1:3000", /port 3000/],
    ["backend can't start, its environment is wrong:\n  X is missing", /manifests/],
  ])("%s", (text, expected) => expect(fixOf(text)).toMatch(expected));

  it("nothing, when they don't tell", () => expect(fixOf("Error: out of ideas")).toBeUndefined());
  it("npm would replace NODE_OPTIONS, so another command is advised", () => expect(fixOf("FATAL ERROR: JavaScript heap out of memory")).toMatch(/^NODE_OPTIONS=\S+ node .*scripts\/dev\.mts$/));
  it("a program that is not there", () => expect(fixOf("", "could not be started: tsx is not there")).toBe("npm ci"));
  it("only errors in sources wait for an edit", () => {
    expect(isSourceError(["SyntaxError: Unexpected token"])).toBe(true);
    expect(isSourceError(["Error: connect ECONNREFUSED"])).toBe(false);
  });
});

it("what processes say can't become part of a page", () => expect(escapeHtml(`<a href="x" onclick='y'>&`)).toBe("&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;"));
