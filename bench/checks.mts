import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readArguments } from "../scripts/lib/arguments.ts";
import { main } from "../scripts/lib/main.ts";

const usage = `
What checks cost, beside what cannot be spared: importing the models and rendering. Each figure is the median of new
processes, in milliseconds of CPU (the whole process's, so that other work on the machine changes little).

  npx zx bench/checks.mts              11 rounds
  npx zx bench/checks.mts --rounds 3
`;

/** What is measured, each in a process of its own. */
const tasks: Record<string, string> = {
  models: `
    const before = cpu();
    await import("./manifests/index.ts");
    print({ import: cpu() - before });`,
  project: `
    const { render, toYaml } = await import("./scripts/lib/render.ts");
    const { check } = await import("./scripts/lib/checks/index.ts");
    const { optionsFor } = await import("./scripts/lib/checks/gate.ts");
    const { prod } = await import("./manifests/environments/prod.ts");
    const start = cpu();
    const objects = render(prod);
    toYaml(objects);
    const rendered = cpu();
    await check(objects, optionsFor(prod));
    print({ render: rendered - start, check: cpu() - rendered });`,
  "800 objects": `
    const { render } = await import("./scripts/lib/render.ts");
    const { check } = await import("./scripts/lib/checks/index.ts");
    const { optionsFor } = await import("./scripts/lib/checks/gate.ts");
    const { prod } = await import("./manifests/environments/prod.ts");
    const start = cpu();
    const objects = [];
    for (let copy = 0; objects.length < 800; copy++)
      objects.push(...render({ ...prod, namespace: "prod" + copy, domain: copy + ".example.com", issuer: { ...prod.issuer, name: "issuer" + copy } }));
    const rendered = cpu();
    const problems = await check(objects, optionsFor(prod));
    print({ objects: objects.length, errors: problems.filter(({ severity, waived }) => severity === "error" && !waived).length, render: rendered - start, check: cpu() - rendered });`,
};

const prelude = `
  const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const print = (figures) => console.log(JSON.stringify(figures));`;

await main(async () => {
  const { values } = readArguments(usage, { rounds: { type: "string", default: "11" } });
  const figures = new Map<string, number[]>();
  // Interleaved, so that a busy minute of the machine falls on all of them.
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [task, code] of Object.entries(tasks))
      for (const [name, figure] of Object.entries(measure(code))) {
        const key = `${task}: ${name}`;
        figures.set(key, [...(figures.get(key) ?? []), figure]);
      }
  const median = (key: string) => figures.get(key)!.sort((a, b) => a - b)[Math.floor(figures.get(key)!.length / 2)]!;
  for (const key of figures.keys()) console.log(`${key.padEnd(24)} ${median(key).toFixed(key.endsWith("s") ? 0 : 1).padStart(8)}`);
  const ratio = (a: string, b: string) => (median(a) / median(b)).toFixed(2);
  console.log(`\nchecking 800 objects / importing the models   ${ratio("800 objects: check", "models: import")}`);
  console.log(`checking the project / importing the models   ${ratio("project: check", "models: import")}`);
});

function measure(code: string): Record<string, number> {
  const flags = process.features.typescript ? [] : ["--import", "tsx"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, "--input-type=module", "--eval", prelude + code], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, number>;
}
