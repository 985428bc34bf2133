import type { Shell } from "../scripts/lib/shell.ts";

/** What a command answers: its stdout, or more. */
export type Answer = string | { stdout?: string; stderr?: string; exitCode?: number };

/**
 * A `$` that runs nothing: commands that begin with (or match) an entry's first part get its answer, others fail as a
 * missing program does. `calls` holds what was asked, in order.
 */
export function fakeShell(answers: readonly (readonly [string | RegExp, Answer | ((command: string) => Answer)])[]) {
  const calls: string[] = [];
  const inputs: (string | undefined)[] = [];
  const shell = (settings: { nothrow?: boolean; input?: string } = {}) =>
    (pieces: TemplateStringsArray | object, ...values: unknown[]): unknown => {
      if (!Array.isArray(pieces)) return shell({ ...settings, ...pieces });
      const command = (pieces as readonly string[])
        .map((piece, index) => piece + (index < values.length ? [values[index]].flat().join(" ") : ""))
        .join("")
        .trim();
      calls.push(command);
      inputs.push(settings.input);
      const entry = answers.find(([wanted]) => (typeof wanted === "string" ? command.startsWith(wanted) : wanted.test(command)));
      const answer = typeof entry?.[1] === "function" ? entry[1](command) : entry?.[1];
      const { stdout = "", stderr = "", exitCode = 0 } =
        answer === undefined ? { stderr: `${command}: command not found`, exitCode: 127 } : typeof answer === "string" ? { stdout: answer } : answer;
      const output = { stdout, stderr, exitCode, message: stderr, toString: () => stdout };
      const promise = exitCode === 0 || settings.nothrow ? Promise.resolve(output) : Promise.reject(Object.assign(new Error(stderr), output));
      const chain = Object.assign(promise, { quiet: () => chain, nothrow: () => shell({ ...settings, nothrow: true })(pieces, ...values), timeout: () => chain });
      return chain;
    };
  return { $: shell() as unknown as Shell, calls, inputs };
}
