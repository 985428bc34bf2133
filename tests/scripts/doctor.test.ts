import { existsSync, rmSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { certificatePath, ensureAuthority } from "../../scripts/lib/ca.ts";
import { makeFakeMachine, onlyReads, type FakeMachine } from "../fake-machine.ts";

describe("doctor", () => {
  let machine: FakeMachine;
  beforeAll(() => {
    machine = makeFakeMachine();
    // A developer's machine may have something at 80.
    machine.edit("kind-config.yaml", (text) => text.replace("hostPort: 80\n", "hostPort: 65080\n").replace("hostPort: 443\n", "hostPort: 65443\n"));
    machine.edit("manifests/environments/dev.ts", (text) => text.replace("httpsPort: 443", "httpsPort: 65443").replace("127.0.0.1:5001", "127.0.0.1:65001"));
  });
  afterAll(() => machine.remove());
  beforeEach(() => machine.tool("kind", { version: "echo 'kind v0.33.0'" }));

  it("says what is there and what is not yet, and changes nothing", async () => {
    const { code, stdout, stderr } = await machine.script("doctor");
    expect(stderr).toMatch(/✓ Tools: docker 28\.2\.2, kind 0\.33\.0, kubectl 1\.36\.4\n/);
    expect(stderr).toMatch(/! the cluster dev is not there\n +→ npx zx scripts\/setup\.mts/);
    expect(stderr).toMatch(/! there is no local CA yet/);
    expect(stderr).toMatch(/Nothing is wrong; see what is marked with ! above\.\n$/);
    expect(machine.calls().filter((call) => !onlyReads.test(call))).toEqual([]);
    expect(existsSync(machine.env["LOCAL_CA_FOLDER"]!)).toBe(false);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  it("says that browsers warn although Node trusts the local CA", async () => {
    const folder = machine.env["LOCAL_CA_FOLDER"]!;
    try {
      await ensureAuthority(folder);
      machine.env["NODE_EXTRA_CA_CERTS"] = certificatePath(folder);
      const { stderr } = await machine.script("doctor");
      expect(stderr).toMatch(/! no browser trusts the local CA yet.*\n +it is trusted by Node \(NODE_EXTRA_CA_CERTS\) only\n +→ npx zx scripts\/certs\.mts trust/);
    } finally {
      delete machine.env["NODE_EXTRA_CA_CERTS"];
      rmSync(folder, { recursive: true });
    }
  });

  it("ends with 1 and how to mend it when something is wrong", async () => {
    machine.without("kind");
    const { code, stderr } = await machine.script("doctor");
    expect(stderr).toMatch(/✗ kind is not installed\n +→ /);
    expect(stderr).toMatch(/1 thing is wrong\.\n$/);
    expect(code).toBe(1);
  });
});
