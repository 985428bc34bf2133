import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../scripts/lib/checks/index.ts";
import { rules } from "../../scripts/lib/checks/rules/index.ts";
import type { Problem } from "../../scripts/lib/checks/types.ts";
import { readYaml } from "../../scripts/lib/checks/yaml.ts";

// Policy is not what makes YAML right or wrong: only the other rules may have nothing to say.
const policy = new Set<string>(rules.filter(({ group }) => group === "policy").map(({ name }) => name));

async function alarms(path: string): Promise<string[]> {
  const { documents, problems } = readYaml(readFileSync(path, "utf8"), path);
  expect(documents.length).toBeGreaterThan(5);
  const told = ({ rule, object, path, message }: Problem) => `${rule} ${object?.kind}/${object?.name} ${path}: ${message}`;
  return [...problems, ...(await check(documents))].filter(({ rule }) => !policy.has(rule)).map(told);
}

describe("YAML in which nothing is wrong gives no false alarm", () => {
  const folder = join(import.meta.dirname, "sound");
  it.each(readdirSync(folder))("%s", async (file) => expect(await alarms(join(folder, file))).toEqual([]));
});

const mirror = process.env["ADDONS_MIRROR"];
const isFolder = mirror !== undefined && !mirror.includes("://");

describe.skipIf(!isFolder)("neither do the add-ons' own manifests (needs ADDONS_MIRROR, a folder)", () => {
  it.each(isFolder ? readdirSync(mirror).filter((file) => file.endsWith(".yaml")) : [""])("%s", async (file) => expect(await alarms(join(mirror!, file))).toEqual([]));
});
