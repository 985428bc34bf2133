// Loaded before every command that npm starts here (see node-options in .npmrc), so that a fresh clone needs no
// `npm install`, nor again after `git pull`, and Node 20 reads TypeScript. Plain JavaScript: nothing is installed yet.
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

const root = fileURLToPath(new URL("..", import.meta.url));

// By way of zx the runner gets none of the flags that npm start gives it (see dev.mts), and would hold 160 MB under load.
// These do the like for a V8 that runs already: 99 MB. Set before zx is loaded, which makes the young generation grow,
// and not for npm start, which they would make 15 ms longer.
const lean = ["semi-space-growth-factor=1", "heap-growing-percent=50", "no-maglev", "no-wasm-tier-up", "no-wasm-dynamic-tiering"];
if (isMainThread && process.argv[2]?.endsWith("dev.mts")) for (const flag of lean) setFlagsFromString(`--${flag}`);

// npm's own `install` and `ci` start commands too: those must not wait for themselves.
const startsOurCommands = ["exec", "run", "run-script", "start", "test"].includes(process.env.npm_command);
if (isMainThread && startsOurCommands && !isInstalled()) await install();

// From Node 22.8 on: what is compiled, and stripped of its types, is kept for the next run. Scripts start three times as fast.
process.getBuiltinModule("node:module").enableCompileCache?.(`${root}node_modules/.cache/node`);

// An import of node:http reads whatever it lists, and for these Node loads all of undici: 5 MB and 10 ms of npm start.
const http = process.getBuiltinModule("node:http");
for (const name of ["WebSocket", "CloseEvent", "MessageEvent"])
  if (name in http) Object.defineProperty(http, name, { enumerable: false });

// Node strips types by itself from 22.18 on; before that tsx does, which costs 0.3 s.
const [major, minor] = process.versions.node.split(".").map(Number);
const readsTypeScript = major > 22 || (major === 22 && minor >= 18);
if (isMainThread && !readsTypeScript && process.argv.slice(1, 3).some((word) => word.endsWith(".mts")))
  await import("tsx/esm");

/** Whether node_modules holds what package-lock.json lists; optional packages may be of another platform. */
function isInstalled() {
  const wanted = `${root}package-lock.json`;
  const present = `${root}node_modules/.package-lock.json`;
  try {
    if (statSync(present).mtimeMs > statSync(wanted).mtimeMs) return true;
    const { packages } = JSON.parse(readFileSync(present, "utf8"));
    return Object.entries(JSON.parse(readFileSync(wanted, "utf8")).packages).every(
      ([path, { version, optional, link }]) =>
        !path.startsWith("node_modules/") || optional || link || packages[path]?.version === version,
    );
  } catch {
    return false;
  }
}

/**
 * What npm start loads, by itself or by way of zx: what strips types and compiles takes 20 MB, which the runner would
 * hold for the day. The child does the work that the start would do, so the start is as much shorter.
 */
function compile() {
  const [node, ...words] = process.argv;
  const script = words.slice(0, 2).findIndex((word) => word.endsWith("dev.mts"));
  if (!process.features.typescript || script < 0) return;
  const loadedLater = ["local/front-door.ts", "local/certificate.ts", "trust/browsers.ts"].flatMap((path) => [
    "--import",
    new URL(`lib/${path}`, import.meta.url).href,
  ]);
  const env = { ...process.env, npm_command: "" };
  spawnSync(node, [...process.execArgv, ...loadedLater, ...words.slice(0, script + 1), "--help"], { stdio: "ignore", env });
}

async function install() {
  console.error(" • installing packages …");
  // npm gets the terminal's signals too, and undoes what it did: ended before it, the next start would lose its packages to that.
  let interrupted = false;
  const waitForNpm = () => (interrupted = true);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const name of signals) process.on(name, waitForNpm);
  // Node 20 is supported and tested here; what is silenced is only npm's warning that some packages prefer 22.
  const { status, signal } = spawnSync("npm", ["ci", "--loglevel=error", "--no-progress", "--prefer-offline"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  if (status === 0) compile();
  // The event loop hands out the signals that came meanwhile; under Node 20 in its second round.
  for (let round = 0; round < 2; round++) await new Promise(setImmediate);
  for (const name of signals) process.off(name, waitForNpm);
  interrupted ||= signal !== null;
  if (status === 0 && !interrupted) return console.error(" ✓ packages installed");
  console.error(interrupted ? " ✗ interrupted" : " ✗ npm ci failed; its reason is above. When it is mended, try again: npm ci");
  process.exit(interrupted ? 130 : 1);
}
