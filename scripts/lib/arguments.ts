import { parseArgs, type ParseArgsConfig } from "node:util";
import { nearest, UsageError } from "./errors.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<O extends Options, P extends boolean> = ReturnType<
  typeof parseArgs<{ options: O & Common; strict: true; allowPositionals: P }>
>;
type Common = typeof common;

const common = {
  help: { type: "boolean", short: "h" },
  verbose: { type: "boolean" },
} as const;

/** What the user typed after the script's name, whether zx or Node runs it. */
export const words = (argv: readonly string[] = process.argv) => argv.slice(/\.mts$/.test(argv[1] ?? "") ? 2 : 3);

/**
 * Reads a script's flags; zx's own `argv` lets misspelt ones pass and turns `--tag 1.10` into 1.1.
 * `--help` prints the usage to stdout and ends the process; `--verbose` is known everywhere (stacks of errors).
 * @param usage the text of --help: what it does, the flags, examples
 * @throws UsageError for anything unknown, with what may have been meant
 */
export function readArguments<const O extends Options, const P extends boolean = false>(
  usage: string,
  options: O,
  allowPositionals?: P,
  args: string[] = words(),
): Parsed<O, P> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage.trim());
    process.exit(0);
  }
  const known = { ...options, ...common };
  try {
    return parseArgs({ args, options: known, strict: true, allowPositionals: allowPositionals ?? false }) as Parsed<O, P>;
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, known);
  }
}

function explain(error: NodeJS.ErrnoException, known: Options): Error {
  const word = /'(-{1,2}[^' =]+|[^']+)/.exec(error.message)?.[1] ?? "";
  const flags = Object.keys(known).map((name) => `--${name}`);
  const help = "--help shows all flags and examples";
  if (error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const meant = nearest(word, flags);
    return new UsageError(`unknown flag ${word}`, { next: meant ? `did you mean ${meant}? ${help}` : help });
  }
  if (error.code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL")
    return new UsageError(`unexpected word ${JSON.stringify(word)}`, { next: help });
  if (error.code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE")
    return new UsageError(error.message.split(". ")[0]!.replace(/^Option/, "flag"), { next: help });
  return error;
}
