import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manifest } from "../../../tests/fake-machine.ts";
import { listening } from "../../../tests/listening.ts";
import { checksumOf, fetchAddons, recordChecksums } from "./addons.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const files = ["ingress-nginx-v1.15.1.yaml", "cert-manager-v1.21.2.yaml"] as const;

let folder: string;
let server: Server;
let base: string;
/** What the server has, by path, and what was asked of it. */
let served: Record<string, string>;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "addons-"));
  served = { [`/${files[0]}`]: manifest("ingress-nginx"), [`/${files[1]}`]: manifest("cert-manager") };
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url!);
    const body = served[request.url!];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  base = `http://127.0.0.1:${await listening(server)}`;
  lock({ "ingress-nginx": sha256(manifest("ingress-nginx")) });
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function lock(sums: Record<string, string>): void {
  const entry = (name: string, file: string) => ({ version: /v[\d.]+\d/.exec(file)![0], url: `${base}/${file}`, sha256: sums[name] });
  writeFileSync(join(folder, "addons.lock.json"), JSON.stringify({ "ingress-nginx": entry("ingress-nginx", files[0]), "cert-manager": entry("cert-manager", files[1]) }));
}
const locked = (name: string) => JSON.parse(readFileSync(join(folder, "addons.lock.json"), "utf8"))[name].sha256;
const fetchFrom = (mirror?: string) => fetchAddons({ folder, env: { ADDONS_MIRROR: mirror } });

describe("from upstream", () => {
  it("names the checksum that could not be known before, and records it when told to", async () => {
    const before = readFileSync(join(folder, "addons.lock.json"), "utf8");
    const fetched = await fetchFrom();
    expect(fetched.unrecorded).toEqual(["cert-manager"]);
    expect(readFileSync(join(folder, "addons.lock.json"), "utf8")).toBe(before);
    await recordChecksums(fetched, folder);
    expect(locked("cert-manager")).toBe(sha256(manifest("cert-manager")));
    expect(locked("ingress-nginx")).toBe(sha256(manifest("ingress-nginx")));
  });

  it("asks the network no second time, whether its checksums were recorded or not", async () => {
    await fetchFrom();
    expect(asked).toHaveLength(2);
    server.close();
    await recordChecksums(await fetchFrom(), folder);
    const { addons, unrecorded } = await fetchFrom();
    expect(unrecorded).toEqual([]);
    expect(Object.values(addons).map(({ path }) => readFileSync(path, "utf8"))).toEqual([manifest("ingress-nginx"), manifest("cert-manager")]);
    expect(asked).toHaveLength(2);
  });

  it("takes only the recorded file from then on", async () => {
    await recordChecksums(await fetchFrom(), folder);
    rmSync(join(folder, ".cache"), { recursive: true });
    served[`/${files[1]}`] = manifest("another");
    await expect(fetchFrom()).rejects.toMatchObject({ message: expect.stringContaining("is not the file that it was"), why: expect.stringContaining(sha256(manifest("cert-manager"))) });
    expect(existsSync(join(folder, ".cache/addons", files[1]))).toBe(false);
  });

  it("downloads again what was damaged on this disk", async () => {
    mkdirSync(join(folder, ".cache/addons"), { recursive: true });
    writeFileSync(join(folder, ".cache/addons", files[0]), "half of i");
    const { addons } = await fetchFrom();
    expect(readFileSync(addons["ingress-nginx"].path, "utf8")).toBe(manifest("ingress-nginx"));
  });

  it("records nothing of a page that some network puts in the file's place", async () => {
    served[`/${files[1]}`] = "<html>Please log in</html>";
    await expect(fetchFrom()).rejects.toMatchObject({ message: expect.stringContaining("holds no Kubernetes manifest") });
    expect(locked("cert-manager")).toBeUndefined();
  });

  it("says how to go on without the network", async () => {
    server.close();
    const each = files.map((file) => `${base}/${file} can't be downloaded[^]*ECONNREFUSED[^]*ADDONS_MIRROR`).join("[^]*");
    await expect(fetchFrom()).rejects.toMatchObject({ message: "2 add-ons can't be had", why: expect.stringMatching(new RegExp(each)) });
  });
});

describe("from a mirror", () => {
  const mirror = () => {
    const path = join(folder, "mirror");
    mkdirSync(path);
    for (const file of files) writeFileSync(join(path, file), manifest(`${file} of the mirror`));
    return path;
  };

  it("takes a folder's files, whatever the lock file says of upstream's, and never writes into it", async () => {
    const before = readFileSync(join(folder, "addons.lock.json"), "utf8");
    const path = mirror();
    const fetched = await fetchFrom(path);
    expect(Object.values(fetched.addons).map((addon) => addon.path)).toEqual(files.map((file) => join(path, file)));
    expect(fetched.unrecorded).toEqual([]);
    await recordChecksums(fetched, folder);
    expect(readFileSync(join(folder, "addons.lock.json"), "utf8")).toBe(before);
  });

  it("holds a folder's files against its own checksums, as sha256sum writes them", async () => {
    const path = mirror();
    writeFileSync(join(path, "checksums.txt"), files.map((file) => `${sha256(manifest(`${file} of the mirror`))}  ${file}\n`).join(""));
    await fetchFrom(path);
    writeFileSync(join(path, files[1]), manifest("changed"));
    await expect(fetchFrom(path)).rejects.toMatchObject({ message: `${join(path, files[1])} is not the file that it was` });
  });

  it("names the file that a folder lacks", async () => {
    const path = mirror();
    rmSync(join(path, files[0]));
    await expect(fetchFrom(path)).rejects.toMatchObject({ message: `${join(path, files[0])} is missing` });
    await expect(fetchFrom("/nowhere/at/all")).rejects.toMatchObject({ why: expect.stringContaining("does not exist") });
  });

  it("takes a URL's files, with or without checksums, and asks it once", async () => {
    await fetchFrom(`${base}/`);
    server.close();
    expect(Object.keys((await fetchFrom(base)).addons)).toEqual(["ingress-nginx", "cert-manager"]);
    expect(asked.sort()).toEqual([`/${files[1]}`, "/checksums.txt", "/checksums.txt", `/${files[0]}`].sort());
  });

  it("refuses a URL's file that its checksums don't have so", async () => {
    served["/checksums.txt"] = `${"0".repeat(64)} *${files[0]}\n`;
    await expect(fetchFrom(base)).rejects.toMatchObject({ why: expect.stringContaining("the mirror's checksums.txt says 0000") });
  });
});

it("reads checksums as sha256sum writes them, for text and for binary files", () => {
  const sum = "a".repeat(64);
  const of = (line: string) => checksumOf("x.yaml", Buffer.from(`# comment\n${line}\n`));
  expect([of(`${sum}  x.yaml`), of(`${sum} *x.yaml`), of(`${sum.toUpperCase()}  ./x.yaml\r`), of(`${sum}  y.yaml`), of("nothing")]).toEqual([sum, sum, sum, undefined, undefined]);
});
