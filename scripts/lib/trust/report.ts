import { daysUntil, type AuthorityDescription } from "../ca.ts";
import { done, failed, say, warn } from "../progress.ts";
import { asRoot, type Outcome, type Status } from "../trust.ts";

/** What is said of a store that was so already, and of one that was changed. */
export interface Words {
  readonly already: string;
  readonly changed: string;
}

/** Says what a CA is, for people. */
export function sayAuthority(folder: string, about: AuthorityDescription & { permitted?: string[] }): void {
  const days = daysUntil(about.notAfter);
  done(about.name);
  say(`     folder       ${folder}`);
  say(`     fingerprint  ${about.fingerprint}`);
  say(`     expires      ${about.notAfter.toISOString().slice(0, 10)}, in ${days} days`);
  say(`     vouches for  ${about.permitted?.join(", ") ?? "any name: nothing limits it"}`);
  if (days < 30) warn("it expires soon; renew it: npx zx scripts/certs.mts create --replace");
}

/** Says which stores trust the CA, and what to type when some don't. */
export function sayStatus(stores: readonly Status[]): void {
  for (const { kind, name, serves, state, why, replaced } of stores) {
    if (state === "trusted") done(`${name} trusts it: ${serves}`);
    else if (state === "absent") say(` - ${name}: ${why}`);
    else if (state === "unknown") warn(`${name} can't be asked: ${why}`);
    else if (kind === "node") say(` - ${name} doesn't name it in this shell`);
    else warn(`${name} doesn't trust it: ${serves}`);
    for (const old of replaced) warn(`${name} still trusts the replaced ${old}`);
  }
  const isFine = ({ state, replaced }: Status) => (state === "trusted" || state === "absent") && replaced.length === 0;
  if (!stores.every(isFine)) say("   → npx zx scripts/certs.mts trust");
}

/**
 * Says what became of each store and what is left for the user to type. Node's line goes to stdout, for `eval`.
 * @returns the exit code: 0 all done, 1 something failed, 3 something is left (Node apart, which always is)
 */
export function sayOutcomes(outcomes: readonly Outcome[], words: Words): number {
  for (const { kind, name, serves, state, why } of outcomes) {
    if (state === "failed") failed(`${name}: ${why}`);
    else if (state === "absent") say(` - ${name}: ${why}`);
    else if (state !== "left") done(`${name} ${words[state]}${state === "changed" ? `: ${serves}` : ""}`);
    else if (kind !== "node") warn(`${name} is left as it is: ${why}`);
  }
  if (outcomes.some(({ kind, state }) => state === "changed" && (kind === "chromium" || kind === "firefox")))
    say("   browsers that are open notice it when they are started again");
  const others = outcomes.filter(({ kind, state }) => state === "left" && kind !== "node");
  const commands = new Set([asRoot(outcomes), ...others.map(({ command }) => command)]);
  commands.delete(undefined);
  if (commands.size > 0) say("\n   left to type:");
  for (const command of commands) say(`   → ${command}`);
  for (const { name, command } of outcomes.filter(({ kind, state }) => state === "left" && kind === "node")) {
    say(`\n   ${name} is for you to set, here and where your shell starts (~/.profile):`);
    console.log(command);
  }
  return outcomes.some(({ state }) => state === "failed") ? 1 : others.length > 0 ? 3 : 0;
}
