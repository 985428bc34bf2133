import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { shellEnvironment } from "../tests/child.ts";

let root: string;
const has = (name: string) => existsSync(join(root, name));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "preload-"));
  for (const folder of ["scripts", "bin"]) mkdirSync(join(root, folder));
  cpSync("scripts/preload.mjs", join(root, "scripts/preload.mjs"));
  writeFileSync(join(root, "package-lock.json"), "{}");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A script behind the preload, with an npm of a few lines, in a process group of its own as in a terminal. */
function start(npm: string, node = process.execPath, script = ["--eval", 'require("node:fs").writeFileSync("started", "")']) {
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\n${npm}\n`);
  chmodSync(join(root, "bin/npm"), 0o755);
  const env = shellEnvironment({ npm_command: "start", PATH: `${join(root, "bin")}${delimiter}${process.env["PATH"]}` });
  const child = spawn(node, ["--import", "./scripts/preload.mjs", ...script], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"], detached: true });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const closed = once(child, "close").then(([code]) => ({ code: code as number | null, stderr }));
  return { pid: child.pid!, closed };
}

// npm puts back what was there and ends itself by the same signal, or as if it had failed, or is through just then.
it.each(["trap - INT; kill -s INT $$", "exit 1", "exit 0"])("Ctrl-C while packages are installed waits until npm has undone what it did: %s", async (end) => {
  const { pid, closed } = start(`trap 'sleep 0.3; : > undone; ${end}' INT\n: > begun\nwhile :; do sleep 0.05; done`);
  await vi.waitFor(() => expect(has("begun")).toBe(true), { timeout: 30_000 });
  process.kill(-pid, "SIGINT");
  const { code, stderr } = await closed;
  expect(has("undone")).toBe(true);
  expect(code).toBe(130);
  expect(stderr).toContain("✗ interrupted");
  expect(has("started")).toBe(false);
});

it("what is asked for runs once packages are installed", async () => {
  const { closed } = start("exit 0");
  expect(await closed).toEqual({ code: 0, stderr: " • installing packages …\n ✓ packages installed\n" });
  expect(has("started")).toBe(true);
});

it("a script that npm fails for does not run", async () => {
  const { closed } = start("exit 7");
  const { code, stderr } = await closed;
  expect([code, has("started")]).toEqual([1, false]);
  expect(stderr).toContain("try again: npm ci");
});

// TEST_NODES names further Node binaries, one a line (.ci/run); 20 has nothing that keeps what is compiled.
const compiling = process.features.typescript ? process.execPath : process.env["TEST_NODES"]?.split("\n").find((path) => /\/2[4-9]\//.test(path));

it.runIf(compiling).each([[["scripts/dev.mts"]], [["zx.mjs", "scripts/dev.mts"]]])("before the first npm start, another process has compiled what it loads, with the same flags: %s", async (words) => {
  for (const folder of ["local", "trust"]) mkdirSync(join(root, "scripts/lib", folder), { recursive: true });
  const note = (what: string) => `import { appendFileSync } from "node:fs";\nappendFileSync("runs", ${what} + "\\n");\n`;
  for (const path of ["local/front-door.ts", "local/certificate.ts", "trust/browsers.ts"]) writeFileSync(join(root, "scripts/lib", path), note(JSON.stringify(path)));
  writeFileSync(join(root, "scripts/dev.mts"), note('[...process.execArgv.filter((flag) => flag.startsWith("--max")), process.argv.at(-1)].join(" ")'));
  writeFileSync(join(root, "zx.mjs"), 'await import("./scripts/dev.mts");');
  const { closed } = start("exit 0", compiling, ["--max-semi-space-size=1", ...words, "--only=backend"]);
  expect((await closed).code).toBe(0);
  expect(readFileSync(join(root, "runs"), "utf8").split("\n")).toEqual([
    ...["local/front-door.ts", "local/certificate.ts", "trust/browsers.ts"],
    ...["--max-semi-space-size=1 --help", "--max-semi-space-size=1 --only=backend", ""],
  ]);
});

const nodes = [...(process.features.typescript ? [process.execPath] : []), ...(process.env["TEST_NODES"] ?? "").split("\n").filter(Boolean)];

it.each(nodes)("by way of zx the runner's young generation doesn't grow with its load: %s", async (node) => {
  writeFileSync(
    join(root, "load.mjs"),
    `import { writeFileSync } from "node:fs";
     import { getHeapSpaceStatistics } from "node:v8";
     const young = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size;
     const before = young();
     const kept = [];
     for (let index = 0; index < 3_000_000; index++) kept[index % 100_000] = { index };
     writeFileSync("growth", String(young() - before));`,
  );
  const growth = async (script: string) => {
    expect(await start("exit 0", node, ["load.mjs", script]).closed).toEqual({ code: 0, stderr: " • installing packages …\n ✓ packages installed\n" });
    return Number(readFileSync(join(root, "growth"), "utf8"));
  };
  // 1 MB and 32 MB.
  expect(await growth("scripts/dev.mts")).toBeLessThan((await growth("scripts/deploy.mts")) / 4);
});

it("what npm start loads later is what is compiled for it", () => {
  const imported = ["scripts/lib/local/runner.ts", "scripts/lib/local/report.ts"].flatMap((file) =>
    Array.from(readFileSync(file, "utf8").matchAll(/import\("(?:\.\/|\.\.\/)(.+?)"\)/g), ([, path]) => path!),
  );
  const preload = readFileSync("scripts/preload.mjs", "utf8");
  // certificate.ts has it.
  for (const path of imported.filter((path) => path !== "ca.ts")) expect(preload).toContain(`${path}"`);
});
