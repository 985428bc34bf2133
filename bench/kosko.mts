import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadAll } from "js-yaml";
import { prod } from "../manifests/environments/prod.ts";
import { secretDeclarations } from "../manifests/secrets.ts";
import { readArguments } from "../scripts/lib/arguments.ts";
import { UsageError } from "../scripts/lib/errors.ts";
import { main } from "../scripts/lib/main.ts";
import { render } from "../scripts/lib/render.ts";
import { median, root } from "./local/contestants.ts";

const usage = `
Checking and rendering this project, against kosko generate with its validation, on the same objects: whole processes
that take turns, in milliseconds, medians; a ratio is the median of the rounds' own. Both also run with compiled code
kept from the run before, as npm starts our scripts (see scripts/preload.mjs).

  KOSKO=…/node_modules/kosko/bin/kosko.js npx zx bench/kosko.mts               11 rounds
  KOSKO=…/node_modules/kosko/bin/kosko.js npx zx bench/kosko.mts --rounds 3

Needs bash, Node 22.18 or later, and kosko 4 installed beside @kosko/env.
`;

interface Contestant {
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Where compiled code is kept; deploy.mts has a folder of its own. */
  readonly cache?: string;
}

interface Figures {
  readonly wall: number;
  /** Of all threads, user and system. */
  readonly cpu: number;
}

await main(async () => {
  const { values } = readArguments(usage, { rounds: { type: "string", default: "11" } });
  const named = process.env["KOSKO"];
  if (!named || !existsSync(named)) throw new UsageError("KOSKO has to name the file bin/kosko.js of an installed kosko 4");
  if (!process.features.typescript) throw new UsageError("Node strips no types here: take 22.18 or later");

  const kosko = realpathSync(named);
  const secrets = Object.fromEntries(Object.keys(secretDeclarations).map((key) => [key, "placeholder"]));
  const objects = render(prod, secrets);
  const folder = makeProject(kosko, secrets);
  try {
    const print = ["scripts/deploy.mts", "--env", "prod", "--print"];
    // A word after `generate` names a component: the file components/prod.js.
    const generate = [kosko, "generate", "prod"];
    const plain: Contestant = { name: "deploy.mts --env prod --print", args: print, cwd: root };
    const kept: Contestant = { name: "  compiled code kept", args: ["--import", "./scripts/preload.mjs", ...print], cwd: root };
    const koskoPlain: Contestant = { name: "kosko generate prod", args: generate, cwd: folder };
    const koskoKept: Contestant = { name: "  compiled code kept", args: generate, cwd: folder, cache: join(folder, "cache") };
    requireSame(koskoPlain, objects);
    // Secrets are never printed here.
    requireSame(plain, objects.filter(({ kind }) => kind !== "Secret"));

    const figures = new Map([plain, koskoPlain, kept, koskoKept].map((contestant): [Contestant, Figures[]] => [contestant, []]));
    for (let round = 0; round <= Number(values.rounds); round++) for (const [contestant, all] of figures) all.push(measure(contestant));
    // The first round warmed caches.
    for (const all of figures.values()) all.shift();

    const { version } = JSON.parse(readFileSync(join(kosko, "../../package.json"), "utf8")) as { version: string };
    console.log(`${`${objects.length} objects, kosko ${version}, Node ${process.versions.node}`.padEnd(43)} wall     CPU`);
    for (const contestant of [plain, kept, koskoPlain, koskoKept]) report(contestant.name, 0, (figure) => median(figures.get(contestant)!.map((one) => one[figure])));
    console.log();
    const compare = (name: string, ours: Contestant, theirs: Contestant) =>
      report(name, 2, (figure) => median(figures.get(ours)!.map((one, round) => one[figure] / figures.get(theirs)![round]![figure])));
    compare("deploy.mts / kosko", plain, koskoPlain);
    compare("both with compiled code kept", kept, koskoKept);
    compare("as npm starts each", kept, koskoPlain);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A project as kosko's own template for ESM makes it, whose only component is this repository's production. */
function makeProject(kosko: string, secrets: object): string {
  const folder = mkdtempSync(join(tmpdir(), "kosko-"));
  const from = (path: string) => JSON.stringify(new URL(`../manifests/${path}`, import.meta.url).href);
  mkdirSync(join(folder, "components"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "kosko.toml"), 'components = ["*"]\n');
  writeFileSync(join(folder, "components/prod.js"), `import { manifests } from ${from("index.ts")};\nimport { prod } from ${from("environments/prod.ts")};\nexport default manifests(prod, ${JSON.stringify(secrets)});\n`);
  // kosko looks for @kosko/env from the project.
  symlinkSync(join(kosko, "../../.."), join(folder, "node_modules"));
  return folder;
}

function requireSame(contestant: Contestant, objects: readonly object[]): void {
  const generated = loadAll(run(contestant, '"$@"').stdout);
  if (generated.length !== objects.length) throw new Error(`${contestant.name}: ${generated.length} objects instead of ${objects.length}`);
  if (!isDeepStrictEqual(generated, objects)) throw new Error(`${contestant.name}: other objects`);
}

function measure(contestant: Contestant): Figures {
  const [wall = NaN, user = NaN, system = NaN] = run(contestant, 'time "$@" > /dev/null').stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { wall: wall * 1000, cpu: (user + system) * 1000 };
}

/** bash tells the CPU time of the whole process, and of those that it starts. */
function run({ name, args, cwd, cache }: Contestant, script: string): { stdout: string; stderr: string } {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", `TIMEFORMAT="%R %U %S"; ${script}`, "bash", process.execPath, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...env, LC_ALL: "C", NODE_OPTIONS: "", ...(cache && { NODE_COMPILE_CACHE: cache }) },
  });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return { stdout, stderr };
}

function report(name: string, digits: number, figure: (name: keyof Figures) => number): void {
  console.log(name.padEnd(40), figure("wall").toFixed(digits).padStart(7), figure("cpu").toFixed(digits).padStart(7));
}
