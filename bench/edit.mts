import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { get, type ClientRequest, type IncomingMessage } from "node:http";
import { get as getSecurely } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../scripts/lib/arguments.ts";
import { main } from "../scripts/lib/main.ts";
import { freePort } from "../scripts/lib/local/ports.ts";
import { finish, launch, makeArena, median, root } from "./local/contestants.ts";

const usage = `
From saving a file of the backend to the answer of the new code: under npm start, over HTTPS, and under the bare watcher,
over HTTP. Two clones, edited in turn; medians, in milliseconds.

  npx zx bench/edit.mts                 20 edits of each
  npx zx bench/edit.mts --edits 5
`;

await main(async () => {
  const { values } = readArguments(usage, { edits: { type: "string", default: "20" } });
  const arena = await makeArena();
  const folder = mkdtempSync(join(tmpdir(), "edit-"));
  const children: ChildProcess[] = [];
  const start = (command: string[], cwd: string, env: NodeJS.ProcessEnv) => children.push(launch({ name: "", command, env }, cwd));
  try {
    const clones = ["started", "bare"].map((name) => copy(join(folder, name)));
    const backend = arena.plan.processes.find(({ folder }) => folder === "backend-trpc")!;
    const host = arena.plan.tlsHosts.find((name) => name.startsWith("backend."))!;
    const port = await freePort("bench edit", new Set());
    const { HOST: _, ...env } = { ...arena.env, ...backend.env };
    start([process.execPath, "--import", join(clones[0]!, "scripts/preload.mjs"), "scripts/dev.mts", "--only", backend.name, "--https-port", String(arena.httpsPort), "--http-port", "0"], clones[0]!, { ...process.env, NODE_OPTIONS: "" });
    // Without Valkey, as the other one is.
    start([join(root, "node_modules/.bin/tsx"), "watch", "src/main.ts"], join(clones[1]!, "backend-trpc"), { ...env, VALKEY_URL: undefined, PORT: String(port) });

    const titles = [
      () => title((done) => getSecurely({ host: "127.0.0.1", port: arena.httpsPort, servername: host, ca: arena.ca, path: "/openapi.json", headers: { host: `${host}:${arena.httpsPort}` } }, done)),
      () => title((done) => get({ host: "127.0.0.1", port, path: "/openapi.json" }, done)),
    ];
    for (const ask of titles) while (!(await ask())) await sleep(100);
    const times: [number[], number[]] = [[], []];
    for (let edit = 0; edit <= Number(values.edits); edit++)
      for (const index of [0, 1] as const) {
        await sleep(300);
        const milliseconds = await timeOf(clones[index]!, `Edit ${edit}`, titles[index]!);
        // The first finds nothing in any cache.
        if (edit > 0) times[index].push(milliseconds);
      }
    const [ours, bare] = times.map(median) as [number, number];
    console.log(`npm start     ${ours.toFixed(0)}   (${Math.min(...times[0]).toFixed(0)} to ${Math.max(...times[0]).toFixed(0)})`);
    console.log(`tsx watch     ${bare.toFixed(0)}   (${Math.min(...times[1]).toFixed(0)} to ${Math.max(...times[1]).toFixed(0)})`);
    console.log(`npm start / tsx watch: ${(ours / bare).toFixed(2)}`);
  } finally {
    await Promise.all(children.map(finish));
    rmSync(folder, { recursive: true, force: true });
    arena.remove();
  }
});

function copy(folder: string): string {
  for (const name of ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "manifests", "scripts", "service", "backend-trpc", "landing-page", "signaling"])
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => !/\/(node_modules|dist)$/.test(path) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function timeOf(clone: string, text: string, ask: () => Promise<string | undefined>): Promise<number> {
  const file = join(clone, "backend-trpc/src/app.ts");
  const edited = readFileSync(file, "utf8").replace(/title: "[^"]*"/, `title: "${text}"`);
  const begun = performance.now();
  writeFileSync(file, edited);
  while ((await ask()) !== text) await sleep(5);
  return performance.now() - begun;
}

/** @returns the API's title as it is answered; nothing while nobody answers */
function title(asking: (done: (response: IncomingMessage) => void) => ClientRequest): Promise<string | undefined> {
  return new Promise((resolve) => {
    asking((response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve(/"title":\s*"([^"]*)"/.exec(text)?.[1])).on("error", () => resolve(undefined));
    }).on("error", () => resolve(undefined));
  });
}
