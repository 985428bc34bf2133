import { resolve } from "node:path";
import type { SecretSource } from "../../../manifests/environment.ts";
import type { Shell } from "../shell.ts";
import { appendToDotenv, readDotenv } from "./dotenv.ts";
import { randomValue } from "./made-up.ts";
import { decrypt } from "./sops.ts";

type Readable = Exclude<SecretSource, { from: "externalSecrets" }>;
/** Everything that a source holds by name, ours and others'. */
export type Found = Readonly<Record<string, string | undefined>>;

/**
 * @returns what the source holds; nothing for a dotenv file that does not exist
 * @throws UserError for a file that can't be read or decrypted
 */
export async function readSource($: Shell, source: Readable, { env, folder }: { env: NodeJS.ProcessEnv; folder: string }): Promise<Found> {
  switch (source.from) {
    case "environment":
      return env;
    case "dotenv":
      return readDotenv(resolve(folder, source.file));
    case "sops":
      return decrypt($, resolve(folder, source.file), source.file);
  }
}

/** Adds random values to a dotenv file. @returns what the file holds then */
export function makeUp(file: string, folder: string, keys: readonly string[]): Found {
  const path = resolve(folder, file);
  appendToDotenv(path, Object.fromEntries(keys.map((key) => [key, randomValue()])));
  return readDotenv(path);
}
