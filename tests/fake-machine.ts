import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout, run, shellEnvironment, type Result } from "./child.ts";

/** A copy of the checkout, and a PATH with nothing on it but stand-ins that say what a test tells them to. */
export interface FakeMachine {
  readonly folder: string;
  /** Has a mirror's place: ADDONS_MIRROR. */
  readonly mirror: string;
  readonly env: NodeJS.ProcessEnv;
  /**
   * @param answers shell's `case` branches by the beginning of the arguments: `{ "info*": "echo no; exit 1" }`; the first
   * that matches runs. Others say nothing and succeed.
   */
  tool(name: string, answers: Record<string, string>): void;
  without(name: string): void;
  /** Every call of a stand-in, with its arguments, in order. */
  calls(): string[];
  script(name: string, ...args: string[]): Promise<Result>;
  /** The same, still running. */
  start(name: string, ...args: string[]): { child: ChildProcess; ended: Promise<Result> };
  edit(path: string, change: (text: string) => string): void;
  /** As it was made: copying the checkout takes longer than most tests. */
  reset(): void;
  remove(): void;
}

/** Enough of an add-on's manifest for what only looks at its bytes. */
export const manifest = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;

/** A machine with Docker, kind and kubectl where nothing has been set up. */
export function makeFakeMachine(): FakeMachine {
  const parent = mkdtempSync(join(tmpdir(), "fake-machine-"));
  const folder = join(parent, "checkout");
  const bin = join(parent, "bin");
  const mirror = join(parent, "mirror");
  const log = join(parent, "calls");
  copyCheckout(folder);
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  for (const path of [bin, mirror, join(parent, "home")]) mkdirSync(path);
  // zx runs commands by bash, and needs ps to stop them; the stand-ins themselves need sleep.
  for (const name of ["bash", "ps", "sleep"]) {
    const path = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map((place) => join(place, name)).find(existsSync);
    if (path) symlinkSync(path, join(bin, name));
  }

  const originals = new Map<string, string>();
  const env = shellEnvironment({
    PATH: bin,
    HOME: join(parent, "home"),
    TMPDIR: parent,
    LOCAL_CA_FOLDER: join(parent, "authority"),
    KIND_NODE_IMAGE: "",
    KUBECONFIG: join(parent, "kubeconfig"),
  });
  // Node warns of it beside NO_COLOR, and where a test compares all of stderr it would be in the way.
  delete env["FORCE_COLOR"];
  const command = (name: string, args: string[]) => ["--import", "tsx", `scripts/${name}.mts`, ...args];

  const machine: FakeMachine = {
    folder,
    mirror,
    env,
    tool(name, answers) {
      const branches = Object.entries(answers).map(([pattern, does]) => `  ${pattern.replaceAll(" ", "\\ ")}) ${does} ;;`);
      writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "${log}"\ncase "$*" in\n${branches.join("\n")}\nesac\n`);
      chmodSync(join(bin, name), 0o755);
    },
    without: (name) => rmSync(join(bin, name)),
    calls: () => readFileSync(log, "utf8").split("\n").filter(Boolean),
    script: (name, ...args) => run(process.execPath, command(name, args), { cwd: folder, env }),
    start(name, ...args) {
      const child = spawn(process.execPath, command(name, args), { cwd: folder, env });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (text) => (stdout += text));
      child.stderr.on("data", (text) => (stderr += text));
      const ended = new Promise<Result>((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr })));
      return { child, ended };
    },
    edit(path, change) {
      const text = readFileSync(join(folder, path), "utf8");
      if (!originals.has(path)) originals.set(path, text);
      writeFileSync(join(folder, path), change(text));
    },
    reset() {
      for (const [path, text] of originals) writeFileSync(join(folder, path), text);
      for (const path of [mirror, env["LOCAL_CA_FOLDER"]!]) rmSync(path, { recursive: true, force: true });
      mkdirSync(mirror);
      writeFileSync(join(mirror, "ingress-nginx-v1.15.1.yaml"), manifest("ingress-nginx"));
      writeFileSync(join(mirror, "cert-manager-v1.21.2.yaml"), manifest("cert-manager"));
      env["ADDONS_MIRROR"] = mirror;
      writeFileSync(log, "");
      machine.tool("docker", {
        "--version": "echo 'Docker version 28.2.2, build e6534b4'",
        "info *": `echo '{"ServerVersion":"28.2.2","NCPU":4,"MemTotal":16000000000,"SecurityOptions":[]}'`,
        "container inspect *": "echo '[]'; exit 1",
        "volume inspect *": "exit 1",
        "network inspect *": "exit 1",
      });
      machine.tool("kind", { version: "echo 'kind v0.33.0 go1.26.8 linux/amd64'" });
      machine.tool("kubectl", { "version *": "echo 'Client Version: v1.36.4'", "config view *": "echo '{}'" });
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
  machine.reset();
  return machine;
}

/** What `docker container inspect` says of a container, as far as the scripts read it. */
export function inspected(name: string, { running = true, labels = {}, mounts = [] as string[], ports = {} as Record<number, number>, networks = [] as string[] } = {}): object {
  return {
    Name: `/${name}`,
    State: { Running: running },
    Config: { Image: "kindest/node:v1.36.4", Labels: labels },
    HostConfig: { PortBindings: Object.fromEntries(Object.entries(ports).map(([container, host]) => [`${container}/tcp`, [{ HostIp: "127.0.0.1", HostPort: String(host) }]])) },
    Mounts: mounts.map((Destination) => ({ Destination })),
    NetworkSettings: { Networks: Object.fromEntries(networks.map((network) => [network, {}])) },
  };
}

/** What setup and teardown may call while nothing must change. */
export const onlyReads = /^(docker (--version|info|ps|container inspect|volume inspect|network inspect)|kind (version|get )|kubectl (version|config (view|get-contexts))|tilt version|lsof)/;
