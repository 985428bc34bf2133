import { homedir } from "node:os";
import type { Problem } from "../problems.ts";
import type { Shell } from "../shell.ts";

interface Tool {
  readonly name: string;
  /** The oldest version that will do. */
  readonly atLeast: string;
  readonly why: string;
  readonly version: ($: Shell) => Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  readonly get: (platform: NodeJS.Platform, arch: string) => string;
}

/** What the cluster's scripts call. tilt is for `tilt up` only: setup and deploy work without it. */
export const tools = {
  docker: {
    name: "docker",
    atLeast: "20.10",
    why: "kind needs the API of Docker 20.10",
    version: ($) => $({ nothrow: true })`docker --version`,
    get: () => "https://docs.docker.com/engine/install/",
  },
  kind: {
    name: "kind",
    // kind supports a node image only with the release that it was built for: see kind-config.yaml.
    atLeast: "0.33.0",
    why: "the node image in kind-config.yaml was built for kind v0.33.0",
    version: ($) => $({ nothrow: true })`kind version`,
    get: (platform, arch) => download("kind", `https://kind.sigs.k8s.io/dl/v0.33.0/kind-${platform}-${arch}`, platform),
  },
  kubectl: {
    name: "kubectl",
    // One minor either side of the server's: https://kubernetes.io/releases/version-skew-policy/#kubectl
    atLeast: "1.35",
    why: "the cluster runs Kubernetes 1.36, and kubectl supports servers one minor newer at most",
    version: ($) => $({ nothrow: true })`kubectl version --client`,
    get: (platform, arch) => download("kubectl", `https://dl.k8s.io/release/v1.36.4/bin/${platform}/${arch}/kubectl`, platform),
  },
  tilt: {
    name: "tilt",
    atLeast: "0.37.0",
    why: "the Tiltfile was tried with that one",
    version: ($) => $({ nothrow: true })`tilt version`,
    get: () => "https://docs.tilt.dev/install.html",
  },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

function download(name: string, url: string, platform: NodeJS.Platform): string {
  if (platform === "darwin") return `brew install ${name}   (again: brew upgrade ${name})`;
  if (platform !== "linux") return url;
  const target = `~/.local/bin/${name}`;
  const hint = process.env["PATH"]?.split(":").includes(`${homedir()}/.local/bin`) ? "" : "   and add ~/.local/bin to PATH";
  return `curl -fL --create-dirs -o ${target} ${url} && chmod +x ${target}${hint}`;
}

/** @returns versions of those that will do, problems of those that are missing or too old; never throws for a tool's sake */
export async function checkTools(
  $: Shell,
  names: readonly ToolName[],
  { platform = process.platform, arch = process.arch }: { platform?: NodeJS.Platform; arch?: string } = {},
): Promise<{ versions: Partial<Record<ToolName, string>>; problems: Problem[] }> {
  const versions: Partial<Record<ToolName, string>> = {};
  const problems: Problem[] = [];
  await Promise.all(
    names.map(async (name) => {
      const tool = tools[name];
      const answer = await tool.version($).catch((error: Error) => ({ exitCode: 127, stdout: "", stderr: error.message }));
      const version = versionIn(answer.stdout);
      const get = tool.get(platform, arch === "x64" ? "amd64" : arch);
      if (answer.exitCode === 127) problems.push({ what: `${name} is not installed`, next: get });
      else if (!version)
        problems.push({ what: `${name} does not say its version`, why: (answer.stderr || answer.stdout).trim(), next: get });
      else if (isOlder(version, tool.atLeast))
        problems.push({ what: `${name} ${version} is too old: ${tool.atLeast} or newer is needed`, why: tool.why, next: get });
      else versions[name] = version;
    }),
  );
  // In the order asked for, whichever program answered first.
  const order = ({ what }: Problem) => names.findIndex((name) => what.startsWith(`${name} `));
  return { versions: Object.fromEntries(names.filter((name) => versions[name]).map((name) => [name, versions[name]])), problems: problems.sort((a, b) => order(a) - order(b)) };
}

/** @returns the first version that a text holds: `kind v0.33.0 go1.26` → `0.33.0` */
export const versionIn = (text: string): string | undefined => /\bv?(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];

/** @returns whether a version is before another, number by number; `1.35.9` is not before `1.35` */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (const [index, wanted] of b!.entries()) {
    const difference = (a![index] ?? 0) - wanted;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
