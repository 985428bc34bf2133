import type { KubernetesObject } from "../../render.ts";
import { environmentTexts } from "../config.ts";
import { pathOf } from "../paths.ts";
import { containersOf, rule } from "../rule.ts";
import type { Finding } from "../types.ts";

const variables: readonly [RegExp, RegExp, string][] = [
  [/^NODE_ENV$|^(RAILS|APP|FLASK)_ENV$|^ASPNETCORE_ENVIRONMENT$/, /^dev/i, "set it to production"],
  [/^DEBUG$/, /^(?!0$|false$|no$|off$).+/i, "remove it"],
  [/^(LOG_?LEVEL|.*_LOG_LEVEL)$/, /^(debug|trace|silly|verbose|all)$/i, "set it to info"],
  [/^NODE_OPTIONS$/, /--inspect/, "remove --inspect: whoever reaches the port runs code"],
  [/^NODE_TLS_REJECT_UNAUTHORIZED$/, /^0$/, "remove it: any certificate would do; give NODE_EXTRA_CA_CERTS instead"],
];

// Watchers, reloaders and debuggers. `exec`-form words: "--watch" as an argument of its own.
const commands = /^(nodemon|ts-node-dev|vite|webpack-dev-server|next-dev|--inspect(-brk)?(=.*)?|--watch(-path)?(=.*)?)$|^(tsx|node) watch$/;

export default rule({
  name: "debug-settings",
  group: "environment",
  why: "Debuggers, reloaders and their settings leak data, cost speed and open doors where users are.",
  *check(objects) {
    if (objects.settings?.development) return;
    for (const { object, path, name, value } of environmentTexts(objects))
      for (const [names, values, fix] of variables) if (names.test(name) && values.test(value)) yield { object, path, message: `${name} is ${JSON.stringify(value)}`, fix };
    for (const { pod, container, path } of containersOf(objects)) {
      const { command = [], args = [] } = container;
      yield* watchers(pod.object, pathOf(path, "command"), command);
      yield* watchers(pod.object, pathOf(path, "args"), args);
      for (const [index, { containerPort }] of (container.ports ?? []).entries())
        if (containerPort === 9229) yield { object: pod.object, path: pathOf(path, "ports", index), message: "is Node's debugger", fix: "remove it" };
    }
  },
});

function* watchers(object: KubernetesObject, path: string, words: readonly string[]): Iterable<Finding> {
  for (const [index, word] of words.entries())
    if (commands.test(word) || commands.test(`${words[index - 1]} ${word}`))
      yield { object, path: pathOf(path, index), message: `${JSON.stringify(word)} is for development`, fix: "start the built program" };
}
