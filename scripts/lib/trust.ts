import { certificatePath, quoted, replacedPaths } from "./ca.ts";
import { nodeStore } from "./trust/node.ts";
import { nssStores } from "./trust/nss.ts";
import { systemStores } from "./trust/system.ts";
import { trustedCertificate, type Absent, type Command, type Kind, type Machine, type Store, type TrustedCertificate } from "./trust/store.ts";

export { trustedByBrowsers } from "./trust/browsers.ts";
export { kinds, thisMachine, trustedCertificate, type Kind, type Machine, type TrustedCertificate } from "./trust/store.ts";

/** A folder's CA and those that it replaced, as far as their certificates can be read; keys don't matter to stores. */
export function certificatesOf(folder: string): { current?: TrustedCertificate; replaced: TrustedCertificate[] } {
  const [current] = [certificatePath(folder)].flatMap(readable);
  return { current, replaced: replacedPaths(folder).flatMap(readable) };
}

function readable(path: string): TrustedCertificate[] {
  try {
    return [trustedCertificate(path)];
  } catch {
    return []; // missing or damaged: no store can hold it
  }
}

/** What became of a store. `left` is for the user to do, with the command; `failed` says what went wrong. */
export interface Outcome {
  readonly kind: Kind;
  readonly name: string;
  readonly serves?: string;
  readonly state: "already" | "changed" | "left" | "failed" | "absent";
  readonly why?: string;
  readonly command?: string;
  /** For root: all such commands together are typed as one (`asRoot`). */
  readonly rootCommands?: readonly Command[];
}

export interface Status {
  readonly kind: Kind;
  readonly name: string;
  readonly serves?: string;
  readonly state: "trusted" | "not trusted" | "unknown" | "absent";
  readonly why?: string;
  /** Names of CAs that were replaced and that this store still trusts. */
  readonly replaced: readonly string[];
}

/** @returns every store that programs on this machine may look at; Node last, whose file may be another store's */
export function allStores(machine: Machine, only?: readonly Kind[]): (Store | Absent)[] {
  const stores = [...systemStores(machine), ...nssStores(machine), nodeStore(machine)];
  return only ? stores.filter(({ kind }) => only.includes(kind)) : stores;
}

/**
 * Looks, and changes nothing.
 * @param certificate the CA's, if there is one
 * @param replaced those of its predecessors
 */
export function trustStatus(stores: readonly (Store | Absent)[], certificate: TrustedCertificate | undefined, replaced: readonly TrustedCertificate[]): Promise<Status[]> {
  return Promise.all(
    stores.map(async (store): Promise<Status> => {
      const { kind, name } = store;
      if ("absent" in store) return { kind, name, state: "absent", why: store.absent, replaced: [] };
      const trusted = certificate ? await store.trusts(certificate) : false;
      const state = trusted === undefined ? "unknown" : trusted ? "trusted" : "not trusted";
      const old = await trustedOf(store, replaced);
      return { kind, name, serves: store.serves, state, why: trusted === undefined ? store.byHand?.why : undefined, replaced: old.map(({ name }) => name) };
    }),
  );
}

/**
 * Makes a store trust the wanted certificate, and no longer the unwanted ones: finds out, runs what is needed, finds out
 * again. What only root or the user can do is not run, but handed back.
 */
export async function changeTrust(
  machine: Machine,
  store: Store | Absent,
  wanted: TrustedCertificate | undefined,
  unwanted: readonly TrustedCertificate[],
): Promise<Outcome> {
  const { kind, name } = store;
  if ("absent" in store) return { kind, name, state: "absent", why: store.absent };
  const about = { kind, name, serves: store.serves };
  const isWanted = wanted ? await store.trusts(wanted) : true;
  const old = await trustedOf(store, unwanted);
  const unsure = isWanted === undefined || (await unknownOf(store, unwanted));
  if (isWanted && old.length === 0 && !unsure) return { ...about, state: "already" };
  if (store.byHand) {
    const command = wanted ? store.byHand.trust(wanted) : store.byHand.untrust(unwanted[0]!);
    return { ...about, state: "left", why: store.byHand.why, command };
  }
  const removal = await Promise.all(old.map((certificate) => store.untrust(certificate)));
  const commands = withoutRepeats([...removal.flat(), ...(wanted && !isWanted ? await store.trust(wanted) : [])]);
  if (store.needsRoot && !machine.root) return { ...about, state: "left", why: "it needs root", rootCommands: commands };
  for (const command of commands) {
    const { exitCode, stderr, stdout } = await machine.$({ nothrow: true })`${command}`;
    if (exitCode === 0) continue;
    // certutil's word for a database with a primary password, which only its owner can type.
    if (/SEC_ERROR_BAD_PASSWORD/.test(stderr))
      return { ...about, state: "left", why: "it has a primary password, which certutil will ask for", command: commandLine(withoutPasswordFile(command)) };
    return { ...about, state: "failed", why: `${commandLine(command)}: ${(stderr || stdout).trim() || `exit code ${exitCode}`}` };
  }
  const reached = (!wanted || (await store.trusts(wanted))) && (await trustedOf(store, unwanted)).length === 0;
  if (reached) return { ...about, state: "changed" };
  return { ...about, state: "failed", why: `${commands.map(commandLine).join(" && ")} ran without an error and without effect` };
}

/** @returns one line for all that is left to root, as a shell takes it */
export function asRoot(outcomes: readonly Outcome[]): string | undefined {
  const lines = outcomes.flatMap(({ rootCommands = [] }) => rootCommands).map(commandLine);
  if (lines.length === 0) return undefined;
  return lines.length === 1 ? `sudo ${lines[0]}` : `sudo sh -c ${quoted(lines.join(" && "))}`;
}

async function trustedOf(store: Store, certificates: readonly TrustedCertificate[]): Promise<TrustedCertificate[]> {
  const answers = await Promise.all(certificates.map((certificate) => store.trusts(certificate)));
  return certificates.filter((_, index) => answers[index]);
}

const unknownOf = async (store: Store, certificates: readonly TrustedCertificate[]) =>
  (await Promise.all(certificates.map((certificate) => store.trusts(certificate)))).includes(undefined);

/** A store that is written anew after removing and after adding needs that once, at the end. */
const withoutRepeats = (commands: readonly Command[]): Command[] =>
  commands.filter((command, index) => !commands.slice(index + 1).some((later) => commandLine(later) === commandLine(command)));

const withoutPasswordFile = (command: Command) => command.filter((word) => word !== "-f" && word !== "/dev/null");

const commandLine = (command: Command) => command.map(quoted).join(" ");
