import type { Environment, SecretSource } from "../../manifests/environment.ts";
import { environments } from "../../manifests/environments/index.ts";
import { nearest, UsageError } from "./errors.ts";
import { throwAll, type Problem } from "./problems.ts";

// Nothing compiles before it runs: a field that is misspelt would be left out without a word. The compiler keeps these
// lists complete.
const fields: { readonly [Name in keyof Required<Environment>]: undefined extends Environment[Name] ? "optional" : "required" } = {
  name: "required",
  development: "required",
  context: "optional",
  namespace: "required",
  domain: "required",
  httpsPort: "optional",
  registry: "required",
  tag: "required",
  ingressClass: "required",
  issuer: "required",
  replicas: "required",
  maxReplicas: "optional",
  iceServers: "optional",
  secrets: "required",
};
const issuerKinds: Record<Environment["issuer"]["kind"], true> = { ca: true, acme: true };
const secretSources: Record<SecretSource["from"], true> = { dotenv: true, environment: true, sops: true, externalSecrets: true };

/**
 * @throws UsageError that lists the known names, for a name that is none of them or for none at all
 * @throws UserError with everything that is wrong with the environment's fields
 */
export function environmentNamed(name: string | undefined, known: Readonly<Record<string, Environment>> = environments): Environment {
  if (name !== undefined && Object.hasOwn(known, name)) {
    const environment = known[name]!;
    throwAll(problemsOf(environment, `manifests/environments/${name}.ts`), `things are wrong in manifests/environments/${name}.ts; nothing was changed`);
    return environment;
  }
  const names = Object.keys(known);
  const meant = name === undefined ? undefined : nearest(name, names);
  throw new UsageError(name === undefined ? "which environment?" : `unknown environment ${JSON.stringify(name)}`, {
    why: `known are ${names.join(", ")} (manifests/environments/)`,
    next: `--env ${meant ?? "dev"}`,
  });
}

function problemsOf(environment: Environment, file: string): Problem[] {
  const given = environment as unknown as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(fields, name));
  const missing = Object.entries(fields).flatMap(([name, need]) => (need === "required" && given[name] === undefined ? [name] : []));
  const wrongWord = (path: string, word: string | undefined, words: object): Problem[] =>
    word === undefined || Object.hasOwn(words, word) ? [] : [{ what: `${file}: ${path} can't be ${JSON.stringify(word)}`, next: `one of ${Object.keys(words).join(", ")}` }];
  return [
    ...unknown.map((name) => {
      const meant = nearest(name, Object.keys(fields));
      return { what: `${file}: an environment has no ${name}`, next: meant ? `did you mean ${meant}?` : "manifests/environment.ts has the fields" };
    }),
    ...missing.map((name) => ({ what: `${file}: ${name} is missing`, next: "manifests/environment.ts says what it is" })),
    ...wrongWord("issuer.kind", environment.issuer?.kind, issuerKinds),
    ...wrongWord("secrets.from", environment.secrets?.from, secretSources),
  ];
}
