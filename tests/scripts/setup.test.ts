import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inspected, makeFakeMachine, manifest, onlyReads, type FakeMachine } from "../fake-machine.ts";
import { listening } from "../listening.ts";

/** Ports that nobody uses: a developer's machine may have something at 80. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) => listening(server)));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

// Every mistake ends with exit code 1 or 2, says what, why and what to type, and has changed nothing.
describe("setup", () => {
  let machine: FakeMachine;
  let http: number, https: number, registry: number;

  beforeAll(() => {
    machine = makeFakeMachine();
  });
  afterAll(() => machine.remove());
  beforeEach(async () => {
    [http, https, registry] = (await freePorts(3)) as [number, number, number];
    machine.reset();
    machine.edit("kind-config.yaml", (text) => text.replace("hostPort: 80\n", `hostPort: ${http}\n`).replace("hostPort: 443\n", `hostPort: ${https}\n`));
    machine.edit("manifests/environments/dev.ts", (text) => text.replace("httpsPort: 443", `httpsPort: ${https}`).replace("127.0.0.1:5001", `127.0.0.1:${registry}`));
  });

  const files = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  const refused = async (...args: string[]) => {
    const before = files(machine.env["LOCAL_CA_FOLDER"]!);
    const result = await machine.script("setup", ...args);
    expect(machine.calls().filter((call) => !onlyReads.test(call))).toEqual([]);
    expect(files(machine.env["LOCAL_CA_FOLDER"]!)).toEqual(before);
    expect(result.stdout).toBe("");
    return result;
  };

  it("names every missing tool at once, each with how to get it", async () => {
    for (const name of ["docker", "kind", "kubectl"]) machine.without(name);
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ 3 things are in the way; nothing was changed/);
    expect(stderr).toMatch(/docker is not installed\n +→ https:\/\/docs\.docker\.com/);
    expect(stderr).toMatch(/kind is not installed\n +→ .*kind/);
    expect(stderr).toMatch(/kubectl is not installed\n +→ .*kubectl/);
    expect(code).toBe(1);
  });

  it("names tools that are too old, with the version that is needed and why", async () => {
    machine.tool("kind", { version: "echo 'kind v0.27.0 go1.23.6 linux/amd64'" });
    machine.tool("kubectl", { "version *": "echo 'Client Version: v1.31.2'" });
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/kind 0\.27\.0 is too old: 0\.33\.0 or newer is needed\n +the node image/);
    expect(stderr).toMatch(/kubectl 1\.31\.2 is too old: 1\.35 or newer is needed\n +the cluster runs Kubernetes 1\.36/);
    expect(code).toBe(1);
  });

  it("tells a Docker that is not running from one that is missing", async () => {
    machine.tool("docker", { "--version": "echo 'Docker version 28.2.2'", "info *": `echo '{"ServerVersion":""}'; echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1` });
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ Docker is not running\n +Cannot connect to the Docker daemon.*\n +→ .*(start|open)/);
    expect(code).toBe(1);
  });

  it("tells a Docker that one may not use, and how to be allowed", async () => {
    machine.tool("docker", { "--version": "echo 'Docker version 28.2.2'", "info *": `echo 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock' >&2; exit 1` });
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ Docker is there, but you may not use it\n +permission denied.*\n +→ sudo usermod -aG docker/);
    expect(code).toBe(1);
  });

  it("says which process holds a port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(https, "127.0.0.1", resolve));
    try {
      const { code, stderr } = await refused();
      expect(stderr).toContain(`✗ port ${https} is taken by `);
      if (process.platform === "linux") expect(stderr).toContain(`(process ${process.pid})`);
      expect(stderr).toContain("httpsPort in manifests/environments/dev.ts");
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  });

  it("refuses an unknown flag", async () => {
    const { code, stderr } = await refused("--nmae", "try");
    expect(stderr).toMatch(/✗ unknown flag --nmae/);
    expect(code).toBe(2);
  });

  it("leaves a cluster of that name alone that somebody else made", async () => {
    const node = inspected("dev-control-plane", { mounts: ["/lib/modules", "/var"], ports: { 80: http, 443: https } });
    machine.tool("docker", {
      "--version": "echo 'Docker version 28.2.2'",
      "info *": `echo '{"ServerVersion":"28.2.2","MemTotal":16000000000}'`,
      "ps --all --filter label=io.x-k8s.kind.cluster=dev *": "echo dev-control-plane",
      "container inspect *": `echo '${JSON.stringify([node])}'; exit 1`,
    });
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ the kind cluster dev was made by someone else\n +its nodes \(dev-control-plane\).*\n +→ choose another name in kind-config\.yaml/);
    expect(code).toBe(1);
  });

  it("leaves a container alone that has the registry's name and another's label", async () => {
    machine.tool("docker", {
      "--version": "echo 'Docker version 28.2.2'",
      "info *": `echo '{"ServerVersion":"28.2.2","MemTotal":16000000000}'`,
      "container inspect *": `echo '${JSON.stringify([inspected("dev-registry")])}'`,
    });
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ the container dev-registry was made by someone else/);
    expect(code).toBe(1);
  });

  it("refuses a mirror's add-on that is not what its checksums say", async () => {
    writeFileSync(join(machine.mirror, "checksums.txt"), `${"0".repeat(64)}  ingress-nginx-v1.15.1.yaml\n`);
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ .*ingress-nginx-v1\.15\.1\.yaml is not the file that it was\n +its SHA-256 is [0-9a-f]{64},\n +the mirror's checksums\.txt says 0{64}/);
    expect(code).toBe(1);
  });

  it("refuses upstream's add-on when it is not what the lock file says, and keeps none of it", async () => {
    const server = createServer((_request, response) => response.end(manifest("changed")));
    const port = await listening(server);
    try {
      machine.edit("addons.lock.json", (text) => text.replaceAll(/https:\/\/[^"]*/g, `http://127.0.0.1:${port}/x.yaml`));
      const before = readFileSync(join(machine.folder, "addons.lock.json"), "utf8");
      machine.env["ADDONS_MIRROR"] = "";
      const { code, stderr } = await refused();
      expect(stderr).toMatch(/is not the file that it was\n.*\n +the checksum in addons\.lock\.json says 2a3ae008/);
      expect(readFileSync(join(machine.folder, "addons.lock.json"), "utf8")).toBe(before);
      expect(existsSync(join(machine.folder, ".cache/addons/ingress-nginx-v1.15.1.yaml"))).toBe(false);
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  });

  it("records a checksum that was not known with the first run that begins, not with one that is refused", async () => {
    const server = createServer((_request, response) => response.end(manifest("first")));
    const port = await listening(server);
    const lock = () => readFileSync(join(machine.folder, "addons.lock.json"), "utf8");
    try {
      machine.edit("addons.lock.json", (text) => text.replaceAll(/https:\/\/[^"]*/g, `http://127.0.0.1:${port}/x.yaml`).replaceAll(/,\s*"sha256": "[^"]*"/g, ""));
      const before = lock();
      machine.env["ADDONS_MIRROR"] = "";
      machine.without("kind");
      expect((await refused()).stderr).not.toContain("recorded");
      expect(lock()).toBe(before);

      machine.tool("kind", { version: "echo 'kind v0.33.0'", "create *": "exit 1" });
      machine.tool("docker", { "--version": "echo 'Docker version 28.2.2'", "info *": `echo '{"ServerVersion":"28.2.2","MemTotal":16000000000}'`, "run *": "exit 1", "* inspect *": "exit 1" });
      const { stderr } = await machine.script("setup");
      for (const name of ["ingress-nginx", "cert-manager"]) expect(stderr).toContain(`✓ Checksum of ${name} recorded in addons.lock.json: commit it\n`);
      expect(lock().match(/"sha256": "[0-9a-f]{64}"/g)).toHaveLength(2);
    } finally {
      server.close();
      rmSync(join(machine.folder, ".cache"), { recursive: true, force: true });
    }
  });

  it("does not begin with a local CA that is damaged", async () => {
    mkdirSync(machine.env["LOCAL_CA_FOLDER"]!);
    writeFileSync(join(machine.env["LOCAL_CA_FOLDER"]!, "ca.pem"), "half a certificate");
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/✗ the local CA in .* can't be used\n.*\n +→ make a new one/);
    expect(code).toBe(1);
  });

  it("names the lines of the two files that disagree about the cluster's name and port", async () => {
    machine.edit("kind-config.yaml", (text) => text.replace("name: dev\n", "name: shop\n").replace(`hostPort: ${https}\n`, "hostPort: 8443\n"));
    const { code, stderr } = await refused();
    expect(stderr).toMatch(/kind-config\.yaml:\d+: name: shop\n +manifests\/environments\/dev\.ts:\d+: context: "kind-dev"/);
    expect(stderr).toMatch(/… hostPort: 8443\n +manifests\/environments\/dev\.ts:\d+: httpsPort: \d+/);
    expect(machine.calls()).toEqual([]);
    expect(code).toBe(1);
  });

  it("says all that failed side by side, and deletes no cluster because Docker could not be asked about it", async () => {
    const node = inspected("dev-control-plane", { mounts: ["/made-by/typescript-kubernetes-starter"], ports: { 80: http, 443: https } });
    machine.tool("docker", {
      "--version": "echo 'Docker version 28.2.2'",
      "info *": `echo '{"ServerVersion":"28.2.2","MemTotal":1000000000}'`,
      "ps --all *": "echo dev-control-plane",
      "container inspect *": `echo '${JSON.stringify([node])}'; exit 1`,
      "cp *": "echo 'Error response from daemon: input/output error' >&2; exit 1",
      "run *": "echo 'toomanyrequests: you have reached your pull rate limit' >&2; exit 125",
    });
    const { code, stderr } = await machine.script("setup");
    expect(stderr).toMatch(/✗ 2 steps failed\n +the registry dev-registry can't be run\n +toomanyrequests.*\n +→ docker pull registry:3 .*\n +Docker does not say whether the cluster dev is complete.*\n +Error response from daemon: input\/output error/);
    expect(machine.calls().join("\n")).not.toContain("kind delete");
    // Tilt is still to be installed, but where the cluster was made the limits will do.
    expect(stderr).toMatch(/! tilt is not installed\n +→ /);
    expect(stderr).not.toContain("of memory");
    expect(code).toBe(1);
  });

  it("ends what it began when it is interrupted, and says that the same command goes on", async () => {
    machine.tool("kind", { version: "echo 'kind v0.33.0'", "create *": "echo ' • Preparing nodes 📦  ...' >&2; exec sleep 60" });
    const answering = createServer((_request, response) => response.end("{}"));
    const { child, ended } = machine.start("setup");
    // The registry's container is a stand-in: something has to answer in its place once its port has been looked at.
    while (!machine.calls().some((call) => call.startsWith("docker run "))) await sleep(50);
    answering.listen(registry, "127.0.0.1");
    while (!machine.calls().some((call) => call.startsWith("kind create "))) await sleep(50);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    answering.close();
    expect(stderr).toContain("✗ interrupted; the same command completes what it began");
    expect(stderr).not.toContain("Error");
    expect(code).toBe(130);
  });

  it("needs no tool, and names what a mirror needs", async () => {
    for (const name of ["docker", "kind", "kubectl"]) machine.without(name);
    const { code, stdout, stderr } = await machine.script("setup", "--help");
    expect(stdout).toMatch(/npx zx scripts\/setup\.mts/);
    expect(stdout).toMatch(/KIND_NODE_IMAGE=.*\n.*ADDONS_MIRROR=/);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});
