import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubernetesObject } from "../render.ts";
import { watchManifests } from "./manifests-watch.ts";
import { fingerprint, rendered } from "./rendered.ts";
import { withoutSecrets, withSecrets } from "./secret-free.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "rendered-"));
  cpSync("manifests", join(root, "manifests"), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const secret = (value: string): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "app" }, data: { KEY: Buffer.from(value).toString("base64") } });

it("every edit of a manifest, and of .env, makes the kept objects stale", () => {
  const before = fingerprint(root);
  expect(fingerprint(root)).toBe(before);
  writeFileSync(join(root, "manifests/more.ts"), "");
  const added = fingerprint(root);
  expect(added).not.toBe(before);
  writeFileSync(join(root, ".env"), "KEY=one");
  expect(fingerprint(root)).not.toBe(added);
});

it("secrets are not kept in a second place, and are there again when the objects are read", () => {
  writeFileSync(join(root, ".env"), "KEY=one\nOTHER='two words'\n");
  const kept = withoutSecrets([secret("two words")], root)!;
  expect(JSON.stringify(kept)).not.toContain(Buffer.from("two words").toString("base64"));
  expect(withSecrets(kept, root)[0]!["data"]).toEqual(secret("two words")["data"]);
  expect(withoutSecrets([secret("from elsewhere")], root)).toBeUndefined();
  writeFileSync(join(root, ".env"), "KEY=one\n");
  expect(() => withSecrets(kept, root)).toThrow(".env has lost OTHER");
});

it("the project's own objects come with the images and the wanted port, and again from what was kept", async () => {
  const cache = join(root, ".local");
  const first = await rendered(process.cwd(), 8443, cache);
  expect(JSON.stringify(first.objects)).toContain("https://backend.dev.localhost:8443");
  expect(first.images.built.map(({ folder }) => folder)).toContain("backend-trpc");
  const kept = JSON.parse(readFileSync(join(cache, "objects-8443.json"), "utf8")) as { rendered: object; fingerprint: string };
  expect(await rendered(process.cwd(), 8443, cache)).toEqual(JSON.parse(JSON.stringify(first)));
  // Proves that it was read, not made.
  writeFileSync(join(cache, "objects-8443.json"), JSON.stringify({ ...kept, rendered: { objects: [], images: first.images } }));
  expect((await rendered(process.cwd(), 8443, cache)).objects).toEqual([]);
});

it("what was rendered while a manifest was saved is not kept: it may be of before or after", async () => {
  const cache = join(root, ".local-2");
  // Objects are kept only when their secrets are in .env.
  rmSync(join(root, ".env"), { force: true });
  symlinkSync(join(process.cwd(), ".env"), join(root, ".env"));
  const rendering = rendered(root, 8443, cache);
  writeFileSync(join(root, "manifests/saved-meanwhile.ts"), "");
  expect((await rendering).fingerprint).toBeUndefined();
  expect(existsSync(cache)).toBe(false);
  const { fingerprint: made } = await rendered(root, 8443, cache);
  expect(made).toBe(fingerprint(root));
  expect(existsSync(join(cache, "objects-8443.json"))).toBe(true);
});

it("an edit from before the watching began, but after what runs was rendered, is applied", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const started = fingerprint(root);
  writeFileSync(join(root, "manifests/during-the-start.ts"), "");
  let updates = 0;
  const end = watchManifests(root, started, async () => void updates++);
  await vi.waitFor(() => expect(updates).toBe(1), { timeout: 30_000 });
  end();
});

it("an edit of .env is applied, and secrets that are made up there on the way cause no loop", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const folder = join(root, "with-secrets");
  const file = join(folder, ".env");
  mkdirSync(join(folder, "manifests"), { recursive: true });
  // As many editors do; half a file is never there.
  const save = (text: string) => {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  };
  const applied: string[] = [];
  const end = watchManifests(folder, fingerprint(folder), async () => {
    const text = readFileSync(file, "utf8");
    applied.push(text);
    if (!text.includes("RANDOM")) appendFileSync(file, "RANDOM=1\n");
  });
  save("KEY=one\n");
  await vi.waitFor(() => expect(applied).toEqual(["KEY=one\n", "KEY=one\nRANDOM=1\n"]), { timeout: 30_000 });
  save("KEY=two\nRANDOM=1\n");
  await vi.waitFor(() => expect(applied.slice(2)).toEqual(["KEY=two\nRANDOM=1\n"]), { timeout: 30_000 });
  end();
});
