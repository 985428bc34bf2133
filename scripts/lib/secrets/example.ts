import { secretDeclarations, type Declarations } from "../../../manifests/secrets.ts";

/** @returns the text of .env.example: every secret that the manifests declare, with what it is, without a value */
export function exampleFile(list: Declarations = secretDeclarations): string {
  const entries = Object.entries(list).map(([key, { what, usedBy, environments, optional, randomInDevelopment }]) => {
    const remarks = [
      `For ${usedBy.join(", ")}${environments ? `; in ${environments.join(", ")} only` : ""}.`,
      ...(optional ? ["Optional."] : []),
      ...(randomInDevelopment ? ["In development a random value is made up when there is none."] : []),
    ];
    return `# ${sentence(what)}\n# ${remarks.join(" ")}\n${key}=\n`;
  });
  return [
    "# What the application keeps secret. A copy with values is called .env, which git ignores; one develops without it.\n" +
      "# From manifests/secrets.ts, by: npx zx scripts/secrets.mts --example\n",
    ...entries,
  ].join("\n");
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");
