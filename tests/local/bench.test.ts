import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, vi } from "vitest";
import { launch, until } from "../../bench/local/contestants.ts";
import { membersOf } from "../../scripts/lib/local/groups.ts";
import { patience } from "./running-clone.ts";

it("a contestant that ends is not waited for", async () => {
  const child = launch({ name: "short", command: ["sh", "-c", "exit 7"], env: process.env });
  await expect(until(child, async () => false, 10)).rejects.toThrow("sh -c exit 7 … ended with 7");
});

it("a benchmark that ends in a hurry leaves no contestant running", async () => {
  const script = `
    const { launch } = await import("./bench/local/contestants.ts");
    process.stdout.write(String(launch({ name: "long", command: ["sh", "-c", "sleep 300 & wait"], env: process.env }).pid), () => process.exit());
  `;
  const flags = process.features.typescript ? [] : ["--import", "tsx"];
  const bench = spawn(process.execPath, [...flags, "--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  let pid = "";
  bench.stdout.setEncoding("utf8").on("data", (text) => (pid += text));
  await once(bench, "close");
  expect(Number(pid)).toBeGreaterThan(0);
  await vi.waitFor(() => expect(membersOf(Number(pid))).toEqual([]), patience);
});
