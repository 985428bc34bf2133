import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { certificatePath, ensureAuthority, replaceAuthority, replacedPaths } from "../../scripts/lib/ca.ts";
import { inspected, makeFakeMachine, onlyReads, type FakeMachine } from "../fake-machine.ts";

const mark = "/made-by/typescript-kubernetes-starter";
const label = { "typescript-kubernetes-starter/cluster": "dev" };

describe("teardown", () => {
  let machine: FakeMachine;
  beforeAll(() => {
    machine = makeFakeMachine();
  });
  afterAll(() => machine.remove());
  beforeEach(() => machine.reset());

  const changes = () => machine.calls().filter((call) => !onlyReads.test(call));
  /** A machine after setup, as docker and kubectl show it. */
  const there = ({ mounts = [mark], labels = label as Record<string, string>, volume = label as Record<string, string>, onNetwork = ["dev-control-plane", "dev-registry"] } = {}) => {
    writeFileSync(join(machine.folder, "inspect.json"), JSON.stringify([inspected("dev-control-plane", { mounts }), inspected("dev-registry", { labels })]));
    machine.tool("docker", {
      "--version": "echo 'Docker version 28.2.2'",
      "info *": `echo '{"ServerVersion":"28.2.2"}'`,
      "ps --all --filter label=io.x-k8s.kind.cluster=dev *": "echo dev-control-plane",
      "ps --all --filter network=kind *": `echo '${onNetwork.join("\n")}'`,
      "container inspect *": `while read -r line || [ -n "$line" ]; do echo "$line"; done < inspect.json`,
      "volume inspect *": `echo '${JSON.stringify([{ Labels: volume }])}'`,
    });
    machine.tool("kubectl", { "version *": "echo 'Client Version: v1.36.4'", "config get-contexts *": "echo 'prod\nkind-dev'" });
  };

  it("says that nothing is there, and changes nothing", async () => {
    const { code, stderr } = await machine.script("teardown", "--yes");
    expect(stderr).toBe(" ✓ Nothing of the cluster dev is there\n");
    expect(changes()).toEqual([]);
    expect(code).toBe(0);
  });

  it("names what would go and refuses without a terminal and --yes", async () => {
    there();
    const { code, stderr } = await machine.script("teardown");
    expect(stderr).toMatch(/This goes:\n {2}the kind cluster dev \(dev-control-plane\).*\n {2}the context kind-dev.*\n {2}the registry dev-registry\n {2}the volume dev-registry/);
    expect(stderr).toMatch(/✗ teardown asks first, and there is no terminal.*\n +→ --yes/);
    expect(changes()).toEqual([]);
    expect(code).toBe(2);
  });

  it("removes its cluster, context, registry and images, and not a network that was there before", async () => {
    there();
    const { code } = await machine.script("teardown", "--yes");
    expect(changes()).toEqual(["kind delete cluster --name dev", "docker rm --force dev-registry", "docker volume rm dev-registry"]);
    expect(code).toBe(0);
  });

  const madeNetwork = { ...label, "typescript-kubernetes-starter/made-network": "kind" };

  it("removes the network that setup made, and only then the volume that says so", async () => {
    there({ volume: madeNetwork });
    await machine.script("teardown", "--yes");
    expect(changes().slice(1)).toEqual(["docker rm --force dev-registry", "docker network rm kind", "docker volume rm dev-registry"]);
  });

  it("gives kind's own words when a cluster can't be deleted, and goes no further", async () => {
    there();
    machine.tool("kind", { version: "echo 'kind v0.33.0'", "delete *": "echo 'ERROR: failed to delete nodes' >&2; exit 1" });
    const { code, stderr } = await machine.script("teardown", "--yes");
    expect(stderr).toMatch(/✗ kind could not delete the cluster dev\n +ERROR: failed to delete nodes\n +→ kind delete cluster --name dev/);
    expect(changes()).toEqual(["kind delete cluster --name dev"]);
    expect(code).toBe(1);
  });

  describe("--ca", () => {
    const folder = () => machine.env["LOCAL_CA_FOLDER"]!;
    afterEach(() => delete machine.env["NODE_EXTRA_CA_CERTS"]);

    it("removes all of the local CA, which stays without it", async () => {
      await ensureAuthority(folder());
      await replaceAuthority(folder());
      writeFileSync(join(folder(), "node-extra-ca-certs.pem"), "of a company, and ours");
      expect((await machine.script("teardown", "--yes")).stderr).toContain("Nothing of the cluster dev is there");
      expect(existsSync(certificatePath(folder()))).toBe(true);
      const { code, stderr } = await machine.script("teardown", "--yes", "--ca");
      expect(stderr).toContain(`✓ Removed the local CA in ${folder()}`);
      expect(existsSync(folder())).toBe(false);
      expect(code).toBe(0);
    });

    it("removes a key that an interrupted run left without a certificate", async () => {
      await ensureAuthority(folder());
      rmSync(certificatePath(folder()));
      expect((await machine.script("teardown", "--yes", "--ca")).code).toBe(0);
      expect(existsSync(folder())).toBe(false);
    });

    it("refuses while a store trusts the CA or one that it replaced, whose certificates are needed to take them out there", async () => {
      await ensureAuthority(folder());
      machine.env["NODE_EXTRA_CA_CERTS"] = certificatePath(folder());
      const current = await machine.script("teardown", "--yes", "--ca");
      expect(current.stderr).toMatch(/✗ the local CA is still trusted; nothing was changed\n +by Node \(NODE_EXTRA_CA_CERTS\)\n +→ npx zx scripts\/certs\.mts untrust/);
      await replaceAuthority(folder());
      machine.env["NODE_EXTRA_CA_CERTS"] = replacedPaths(folder())[0]!;
      const replaced = await machine.script("teardown", "--yes", "--ca");
      expect(replaced.stderr).toMatch(/by Node \(NODE_EXTRA_CA_CERTS\), the replaced Local CA of /);
      expect([current.code, replaced.code]).toEqual([1, 1]);
      expect(replacedPaths(folder())).toHaveLength(1);
      expect(changes()).toEqual([]);
    });
  });

  it("leaves the network that setup made while a container of another cluster, even a stopped one, is on it", async () => {
    there({ volume: madeNetwork, onNetwork: ["dev-control-plane", "dev-registry", "theirs-control-plane"] });
    await machine.script("teardown", "--yes");
    expect(changes().join("\n")).not.toContain("network rm");
  });

  it("leaves what has its names and was made by someone else", async () => {
    there({ mounts: [], labels: {}, volume: {} });
    const { code, stderr } = await machine.script("teardown", "--yes");
    expect(stderr).toMatch(/! the kind cluster dev \(dev-control-plane\) was made by someone else and stays/);
    expect(stderr).toMatch(/! the container dev-registry was made by someone else and stays/);
    expect(stderr).toMatch(/! the volume dev-registry was made by someone else and stays/);
    expect(changes()).toEqual([]);
    expect(code).toBe(0);
  });

  it("says what it needs when Docker does not run", async () => {
    machine.tool("docker", { "--version": "echo 'Docker version 28.2.2'", "info *": "echo 'Is the docker daemon running?' >&2; exit 1" });
    const { code, stderr } = await machine.script("teardown", "--yes");
    expect(stderr).toMatch(/✗ Docker is not running/);
    expect(changes()).toEqual([]);
    expect(code).toBe(1);
  });

  it("refuses a misspelt flag, which could mean more than was typed", async () => {
    there();
    const { code, stderr } = await machine.script("teardown", "--yse");
    expect(stderr).toMatch(/✗ unknown flag --yse\n +→ did you mean --yes\?/);
    expect(machine.calls()).toEqual([]);
    expect(code).toBe(2);
  });
});
