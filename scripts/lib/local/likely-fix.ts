// What a process says last is often enough to know what helps.

interface Cause {
  readonly sign: RegExp;
  readonly fix: (match: RegExpExecArray, process: { folder: string }) => string;
  /** Only an edit helps: starting it again says the same once more. */
  readonly source?: boolean;
  /** Only npm helps. */
  readonly packages?: boolean;
}

const place = /((?:[\w.@-]+\/)*[\w.@-]+\.(?:[cm]?[jt]sx?|json|css|html)):(\d+)(?::(\d+))?/;

const causes: readonly Cause[] = [
  {
    sign: /Cannot find (?:package|module) '((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^']*)?' imported|Cannot find module '([^./'][^']*)'/,
    // In the root's package.json it would not reach the image, which installs the packages of its workspace.
    fix: ([, first, second], { folder }) => `npm ci   (or, when ${first ?? second} is new: npm install --workspace ${folder} ${first ?? second})`,
    packages: true,
  },
  { sign: /Cannot find module '([^']+)'/, fix: ([, path]) => `mend the import of ${path}`, source: true },
  {
    sign: /(?:TransformError|SyntaxError|\[PARSE_ERROR\]|Transform failed|ERROR: (?:Expected|Unexpected|Unterminated))/,
    fix: (_match, { folder }) => `mend the syntax in ${folder}`,
    source: true,
  },
  { sign: /does not provide an export named '([^']+)'/, fix: ([, name]) => `mend the import of ${name}`, source: true },
  { sign: /EADDRINUSE[^\n]*:(\d{2,5})\b/, fix: ([, port]) => `stop what listens on port ${port}, or start again: other ports are looked for` },
  { sign: /EMFILE|ENOSPC: System limit for number of file watchers/, fix: () => "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512" },
  { sign: /ENOSPC/, fix: () => "free some disk space" },
  // npm puts its own NODE_OPTIONS in the place of the shell's (see .npmrc).
  { sign: /heap out of memory/, fix: () => `NODE_OPTIONS=--max-old-space-size=4096 node ${process.features.typescript ? "" : "--import tsx "}scripts/dev.mts` },
  { sign: /its environment is wrong|the environment is wrong/, fix: () => "mend the variables named above, in manifests/" },
  { sign: /docker: .*(pull|manifest|not found|denied)/i, fix: () => "see that the image can be pulled, or install the program itself" },
];

const find = (lines: readonly string[]) => {
  const text = lines.join("\n");
  for (const cause of causes) {
    const match = cause.sign.exec(text);
    if (match) return { cause, match, text };
  }
  return undefined;
};

/** @returns what to type or edit, when the last lines tell */
export function likelyFix(lines: readonly string[], process: { folder: string; command: readonly string[] }, how = ""): string | undefined {
  if (how.includes("is not there")) return /^(tsx|vite)$/.test(process.command[0] ?? "") ? "npm ci" : `install ${process.command[0]}, or mend the command in manifests/`;
  const found = find(lines);
  if (!found) return undefined;
  const [where] = place.exec(found.text) ?? [];
  return `${found.cause.fix(found.match, process)}${found.cause.source && where ? `: ${where}` : ""}`;
}

/** @returns whether the last lines speak of an error that only an edit mends */
export const isSourceError = (lines: readonly string[]): boolean => find(lines)?.cause.source === true;

/** @returns whether the last lines speak of a package that is not installed */
export const lacksPackage = (lines: readonly string[]): boolean => find(lines)?.cause.packages === true;
