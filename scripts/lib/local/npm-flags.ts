import { UsageError } from "../errors.ts";

// What npm does not know itself it hands on in variables, as it does with settings. --json may be a setting of the
// user's; of --only npm knows two values, and drops others with a warning.
const flags = ["only", "log", "https-port", "http-port"];
const npmsOwn = /^prod(uction)?$/;

/**
 * `npm start --log backend` would start everything: npm keeps flags that have no `--` before them.
 * @param words what npm has left; the value of a flag is there when it came without `=`
 * @throws UsageError with the line that hands them on
 */
export function refuseNpmFlags(env: NodeJS.ProcessEnv, words: readonly string[]): void {
  if (env["npm_lifecycle_event"] !== "start") return;
  const taken = flags.flatMap((flag) => {
    const value = env[`npm_config_${flag.replaceAll("-", "_")}`];
    return value === undefined || value === "" || npmsOwn.test(value) ? [] : [{ flag, value }];
  });
  if (taken.length === 0) return;
  // Which word belongs to which of several flags can't be told.
  const [word = "…"] = taken.filter(({ value }) => value === "true").length === 1 ? words : [];
  throw new UsageError(`npm has taken ${taken.map(({ flag }) => `--${flag}`).join(" and ")} for flags of its own`, {
    why: "they have to come after two dashes",
    next: `npm start -- ${taken.map(({ flag, value }) => `--${flag} ${value === "true" ? word : value}`).join(" ")}`,
  });
}
