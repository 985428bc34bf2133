import type { ExecFileOptions } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout, run, shellEnvironment, type Result } from "../child.ts";

/** How a clone differs from the original: what a team edits so that two projects share a machine. */
export interface Names {
  /** The kind cluster. */
  cluster: string;
  httpPort: number;
  httpsPort: number;
  registryPort: number;
}

export interface Clone {
  folder: string;
  /** Where the clone's scripts keep their CA. */
  authorityFolder: string;
  /** Runs a command there to its end, whatever its exit code. */
  run(program: string, args: string[], options?: ExecFileOptions): Promise<Result>;
  /** Runs `npx zx scripts/…` as the README writes it. */
  script(name: string, ...args: string[]): Promise<Result>;
  edit(path: string, change: (text: string) => string): void;
  env: NodeJS.ProcessEnv;
  remove(): void;
}

/** A copy of what git would commit, under other names and ports, and with a CA of its own. */
export function makeClone(names: Names): Clone {
  const root = process.cwd();
  const parent = mkdtempSync(join(tmpdir(), `${names.cluster}-`));
  const folder = join(parent, "clone");
  const authorityFolder = join(parent, "authority");
  const env = shellEnvironment({ LOCAL_CA_FOLDER: authorityFolder, TILT_DISABLE_ANALYTICS: "1" });

  const clone: Clone = {
    folder,
    authorityFolder,
    env,
    run: (program, args, options = {}) => run(program, args, { cwd: folder, env, ...options }),
    script: (name, ...args) => clone.run("npx", ["zx", `scripts/${name}.mts`, ...args]),
    edit(path, change) {
      const file = join(folder, path);
      const before = readFileSync(file, "utf8");
      const after = change(before);
      if (after === before) throw new Error(`nothing to edit in ${path}`);
      writeFileSync(file, after);
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };

  copyCheckout(folder);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

  clone.edit("kind-config.yaml", (text) =>
    text
      .replace(/^name: dev$/m, `name: ${names.cluster}`)
      .replace(/hostPort: 80$/gm, `hostPort: ${names.httpPort}`)
      .replace(/hostPort: 443$/gm, `hostPort: ${names.httpsPort}`),
  );
  clone.edit("manifests/environments/dev.ts", (text) =>
    text
      .replace('"kind-dev"', `"kind-${names.cluster}"`)
      .replace("httpsPort: 443", `httpsPort: ${names.httpsPort}`)
      .replace("127.0.0.1:5001", `127.0.0.1:${names.registryPort}`),
  );
  return clone;
}
