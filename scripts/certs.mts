import { readArguments } from "./lib/arguments.ts";
import { authorityFolder, describeAuthority, ensureAuthority, examineAuthority, expiryWarning, forgetReplaced, permittedNames, refuseSudo, replaceAuthority } from "./lib/ca.ts";
import { nearest, UsageError } from "./lib/errors.ts";
import { main } from "./lib/main.ts";
import { done, say, warn } from "./lib/progress.ts";
import { allStores, certificatesOf, changeTrust, kinds, thisMachine, trustStatus, type Kind, type Outcome, type TrustedCertificate } from "./lib/trust.ts";
import { sayAuthority, sayOutcomes, sayStatus, type Words } from "./lib/trust/report.ts";

const usage = `
The local certificate authority (CA): with it, https://dev.localhost opens without a warning.
It is made once per user, outside the repository, and can vouch for localhost only.

  npx zx scripts/certs.mts create             make it, unless it is there
  npx zx scripts/certs.mts create --replace   make a new one in its place
  npx zx scripts/certs.mts status             where it is, until when it is good, who trusts it
  npx zx scripts/certs.mts trust              have the system and the browsers trust it
  npx zx scripts/certs.mts untrust            and no longer

  --only KINDS   these stores only: ${kinds.join(", ")} (several with commas)
  --json         with status: as JSON on stdout

Nothing is run with sudo: where root is needed, the command is shown. The line for Node goes to stdout:
  eval "$(npx zx scripts/certs.mts trust)"
LOCAL_CA_FOLDER names another folder for the CA.

Exit codes: 0 done, 1 failed or no CA, 2 wrong usage, 3 something is left for you to type.
`;

interface Flags {
  readonly replace?: boolean;
  readonly json?: boolean;
  readonly only?: readonly Kind[];
}

const commands = { create, status, trust, untrust };
const folder = authorityFolder();
const machine = thisMachine();

await main(async () => {
  const flags = { replace: { type: "boolean" }, json: { type: "boolean" }, only: { type: "string", multiple: true } } as const;
  const { values, positionals } = readArguments(usage, flags, true);
  const command = oneOf(Object.keys(commands) as (keyof typeof commands)[], positionals[0], "command");
  if (positionals[1]) throw new UsageError(`unexpected word ${JSON.stringify(positionals[1])}`, { next: "one command at a time" });
  if (values.replace && command !== "create") throw new UsageError(`--replace goes with create, not with ${command}`);
  if (values.json && command !== "status") throw new UsageError(`--json goes with status, not with ${command}`);
  const only = values.only?.flatMap((words) => words.split(",")).map((word) => oneOf(kinds, word.trim(), "kind of store"));
  return commands[command]({ ...values, only });
});

async function create({ replace }: Flags) {
  refuseSudo(folder);
  const { current } = certificatesOf(folder);
  const before = replace ? await trustStatus(allStores(machine), current, []) : [];
  const created = replace ? Boolean(await replaceAuthority(folder)) : (await ensureAuthority(folder)).created;
  done(created ? `local CA made in ${folder}` : `local CA already there, in ${folder}`);
  for (const { name, state } of before) if (state === "trusted") warn(`${name} trusts the old one`);
  if (created) say("   → have browsers trust it: npx zx scripts/certs.mts trust");
  if (replace && current) say("   → hand it to a cluster that is there: npx zx scripts/setup.mts");
}

async function status({ json, only }: Flags) {
  const { current, replaced } = certificatesOf(folder);
  const stores = await trustStatus(allStores(machine, only), current, replaced);
  const { authority, problem } = examineAuthority(folder);
  const about = authority && { ...describeAuthority(authority), permitted: await permittedNames(authority) };
  if (json) console.log(JSON.stringify({ folder, authority: about ?? null, problem: problem?.message, stores }, null, 2));
  else if (about) sayAuthority(folder, about);
  else if (!problem) warn(`no local CA in ${folder}`);
  if (!json) sayStatus(stores);
  if (problem) throw problem;
  return authority ? 0 : 1;
}

async function trust({ only }: Flags) {
  refuseSudo(folder);
  const { authority, created } = await ensureAuthority(folder);
  if (created) done(`local CA made in ${folder}`);
  const warning = expiryWarning(authority);
  if (warning) warn(warning);
  const { current, replaced } = certificatesOf(folder);
  return change(current, replaced, only, { already: "already trusts it", changed: "trusts it now" });
}

async function untrust({ only }: Flags) {
  const { current, replaced } = certificatesOf(folder);
  const all = [...(current ? [current] : []), ...replaced];
  return change(undefined, all, only, { already: "doesn't trust it", changed: "trusts it no longer" });
}

async function change(wanted: TrustedCertificate | undefined, unwanted: TrustedCertificate[], only: Flags["only"], words: Words) {
  const outcomes: Outcome[] = [];
  for (const store of allStores(machine, only)) outcomes.push(await changeTrust(machine, store, wanted, unwanted));
  const exitCode = sayOutcomes(outcomes, words);
  // Kept only to take replaced CAs out of stores that trust them.
  if (exitCode === 0 && !only) await forgetReplaced(folder);
  return exitCode;
}

function oneOf<T extends string>(known: readonly T[], word: string | undefined, what: string): T {
  if (known.includes(word as T)) return word as T;
  const meant = word && nearest(word, known);
  throw new UsageError(word ? `unknown ${what} ${JSON.stringify(word)}` : `which ${what}?`, {
    why: `known are ${known.join(", ")}`,
    next: meant ? `did you mean ${meant}?` : "--help shows all with examples",
  });
}
