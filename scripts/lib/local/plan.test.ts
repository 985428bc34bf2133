import { describe, expect, it } from "vitest";
import { environments } from "../../../manifests/environments/index.ts";
import { builtImages, pulledImages } from "../../../manifests/images.ts";
import { render, type KubernetesObject } from "../render.ts";
import { readObjects, type Container } from "./objects.ts";
import { imageOf, makePlan, type Machine, type Program } from "./plan.ts";

const objects = render({ ...environments.local, httpsPort: 8443 }, { VALKEY_PASSWORD: "secret" });
const programFor = (container: Container): Program => {
  const image = imageOf(container, builtImages, pulledImages);
  if (image && "built" in image) return { kind: "source", folder: image.built.folder };
  const { programs, loopback } = pulledImages[0]!;
  return { kind: "installed", program: "redis-server", standsFor: programs[0]!, loopback };
};
const numbers = new Map<string, number>();
const machine: Machine = {
  volumes: "/clone/.local/volumes",
  programFor,
  portFor: (name, port) => numbers.get(`${name} ${port}`) ?? numbers.set(`${name} ${port}`, 21000 + numbers.size).get(`${name} ${port}`)!,
};
const planned = (input: readonly KubernetesObject[] = objects, changes: Partial<Machine> = {}) => makePlan(input, { ...machine, ...changes });
const processOf = (name: string, plan = planned()) => plan.processes.find((one) => one.name === name)!;

describe("the project's own manifests as processes", () => {
  it("each container is a process, with the command of its manifest and a port of its own", () => {
    const { processes, problems, missing } = planned();
    expect(problems).toEqual([]);
    expect(missing).toEqual([]);
    expect(processes.map(({ name }) => name).sort()).toEqual(["backend", "landing-page", "signaling", "valkey"]);
    const ports = processes.flatMap(({ ports }) => Object.values(ports));
    expect(new Set(ports).size).toBe(ports.length);
    for (const { env, ports } of processes) expect(env["PORT"]).toBe(String(Object.values(ports)[0]));
    expect(processOf("backend")).toMatchObject({ folder: "backend-trpc", command: ["tsx", "watch", "src/main.ts"] });
  });

  it("processes find each other, and the page finds the backend at the front door's port", () => {
    const { env } = processOf("backend");
    expect(env["VALKEY_URL"]).toBe(`redis://127.0.0.1:${processOf("valkey").ports[6379]}`);
    expect(env["SIGNALING_URL"]).toBe(`ws://127.0.0.1:${processOf("signaling").ports[4000]}`);
    expect(env["ALLOWED_ORIGINS"]).toBe("https://dev.localhost:8443");
    expect(processOf("landing-page").env).toMatchObject({ BACKEND_URL: "https://backend.dev.localhost:8443", HMR_CLIENT_PORT: "8443" });
  });

  it("nothing listens on the network: neither our servers nor what stands for an image", () => {
    for (const name of ["backend", "landing-page", "signaling"]) expect(processOf(name).env["HOST"]).toBe("127.0.0.1");
    expect(processOf("valkey").command.join(" ")).toMatch(/--bind 127\.0\.0\.1$/);
  });

  it("what stands for an image gets its arguments, with folder and port of this machine", () => {
    const { command, ports, mounts, readiness } = processOf("valkey");
    const words = command.slice(command.indexOf("redis-server"));
    expect(words.slice(0, 5)).toEqual(["redis-server", "--port", String(ports[6379]), "--dir", "/clone/.local/volumes/valkey/data"]);
    expect(command).not.toContain("valkey-server");
    expect(mounts.folders).toEqual([{ path: "/clone/.local/volumes/valkey/data", mountPath: "/data", fresh: false }]);
    // redis-server comes without valkey-cli.
    expect(readiness).toMatchObject({ tcpSocket: { port: 6379 } });
    expect(readiness?.exec).toBeUndefined();
  });

  it("the same program as in the image keeps its own probe", () => {
    const plan = planned(objects, { programFor: (container) => (container.name === "valkey" ? { kind: "installed", program: "valkey-server", standsFor: "valkey-server", loopback: [] } : programFor(container)) });
    expect(processOf("valkey", plan).readiness?.exec?.command?.[0]).toBe("sh");
    expect(processOf("valkey", plan).standIn).toBeUndefined();
  });

  it("secrets are in no process's arguments", () => {
    for (const { command } of planned().processes) expect(command.join(" ")).not.toContain("secret");
    expect(processOf("backend").env["VALKEY_PASSWORD"]).toBe("secret");
  });

  it("what can't run is named, and the variables that lead to it are left out", () => {
    const plan = planned(objects, { programFor: (container) => (container.name === "valkey" ? { kind: "missing", why: "nothing is installed" } : programFor(container)) });
    expect(plan.missing).toEqual([{ name: "valkey", why: "nothing is installed" }]);
    expect(plan.leftOut).toContainEqual({ process: "backend", variable: "VALKEY_URL", service: "valkey" });
    expect(processOf("backend", plan).env).not.toHaveProperty("VALKEY_URL");
    expect(processOf("backend", plan).env["SIGNALING_URL"]).toBeDefined();
  });

  it("Docker gets port, folder and names of variables, and no value", () => {
    const program: Program = { kind: "docker", image: "valkey/valkey:8-alpine", container: "local-x-valkey", user: "501:20" };
    const { command, docker } = processOf("valkey", planned(objects, { programFor: (container) => (container.name === "valkey" ? program : programFor(container)) }));
    expect(docker).toBe("local-x-valkey");
    const text = command.join(" ");
    expect(text).toContain(`--publish 127.0.0.1:${machine.portFor("valkey", 6379)}:6379`);
    expect(text).toContain("--volume /clone/.local/volumes/valkey/data:/data");
    expect(text).toContain("--env VALKEY_PASSWORD --volume");
    expect(text).toContain("--user 501:20");
    expect(text).toContain("--entrypoint sh valkey/valkey:8-alpine -c");
    expect(text).toContain("valkey-server --port 6379 --dir /data");
    expect(text).not.toContain("--bind");
  });

  it("routes are the Ingress's, and what has no meaning here is named in a few words", () => {
    const { routes, tlsHosts, notices } = planned();
    expect(routes.map(({ host, process, port }) => [host, process, port])).toEqual([
      ["dev.localhost", "landing-page", machine.portFor("landing-page", 8080)],
      ["backend.dev.localhost", "backend", machine.portFor("backend", 3000)],
    ]);
    expect(tlsHosts).toEqual(["dev.localhost", "backend.dev.localhost"]);
    expect(notices).toContain("resource limits");
  });
});

describe("manifests of others", () => {
  const workload = (name: string, pod: object, more: object = {}): KubernetesObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "local" },
    spec: { template: { metadata: { labels: { app: name } }, spec: pod }, ...more },
  });
  const source: Partial<Machine> = { programFor: () => ({ kind: "source", folder: "app" }) };

  it("a port that no variable carries stays, and is named", () => {
    const { processes, notices } = planned([workload("app", { containers: [{ name: "app", ports: [{ containerPort: 9000 }] }] })], source);
    expect(processes[0]!.ports).toEqual({ 9000: 9000 });
    expect(notices.join()).toContain("no variable …PORT holds 9000");
  });

  it("several ports, each with its variable", () => {
    const env = [{ name: "PORT", value: "80" }, { name: "METRICS_PORT", value: "9100" }, { name: "REPORT", value: "80" }];
    const { processes } = planned([workload("many", { containers: [{ name: "c", env, args: ["--m=$(METRICS_PORT)"], ports: [{ containerPort: 80 }, { containerPort: 9100 }] }] })], source);
    const { ports, env: given, command } = processes[0]!;
    expect(given).toMatchObject({ PORT: String(ports[80]), METRICS_PORT: String(ports[9100]), REPORT: "80" });
    expect(command).toEqual([`--m=${ports[9100]}`]);
  });

  it.each(["0.0.0.0", "::", ""])("a HOST of %j would be seen from the network: it becomes this machine, in arguments too", (value) => {
    const { processes } = planned([workload("open", { containers: [{ name: "c", env: [{ name: "HOST", value }], args: ["--host=$(HOST)"] }] })], source);
    expect(processes[0]).toMatchObject({ env: { HOST: "127.0.0.1" }, command: ["--host=127.0.0.1"] });
  });

  it("the port of a neighbour stays the neighbour's, also when it is the number of the own one", () => {
    const ports = [{ containerPort: 3000 }];
    const service: KubernetesObject = { apiVersion: "v1", kind: "Service", metadata: { name: "api", namespace: "local" }, spec: { selector: { app: "api" }, ports: [{ port: 3000 }] } };
    const api = workload("api", { containers: [{ name: "c", env: [{ name: "PORT", value: "3000" }], ports }] });
    const neighbour = [{ name: "API_HOST", value: "api" }, { name: "API_PORT", value: "3000" }];
    const told = workload("told", { containers: [{ name: "c", env: [{ name: "PORT", value: "3000" }, ...neighbour], ports }] });
    const untold = workload("untold", { containers: [{ name: "c", env: neighbour, ports }] });
    const plan = planned([service, api, told, untold], source);
    const of = String(processOf("api", plan).ports[3000]);
    expect(processOf("told", plan).env).toMatchObject({ API_HOST: "127.0.0.1", API_PORT: of, PORT: String(machine.portFor("told", 3000)) });
    expect(processOf("untold", plan)).toMatchObject({ env: { API_PORT: of }, ports: { 3000: 3000 } });
  });

  it("what a container in Docker can't reach is named", () => {
    const service: KubernetesObject = { apiVersion: "v1", kind: "Service", metadata: { name: "api", namespace: "local" }, spec: { selector: { app: "api" }, ports: [{ port: 3000 }] } };
    const api = workload("api", { containers: [{ name: "c", ports: [{ containerPort: 3000 }] }] });
    const inside = workload("inside", { containers: [{ name: "c", env: [{ name: "API", value: "http://api:3000" }, { name: "OTHER", value: "x" }], args: ["--api=api:3000"] }] });
    const docker: Program = { kind: "docker", image: "i", container: "c" };
    const { notices } = planned([service, api, inside], { programFor: ({ name }) => (name === "inside" ? docker : { kind: "source", folder: "app" }) });
    expect(notices).toEqual(expect.arrayContaining(["way out of inside's container for API", "way out of inside's container for its arguments"]));
    expect(notices.join()).not.toContain("OTHER");
  });

  it("a pod's containers are processes named after both", () => {
    const { processes } = planned([workload("pod", { containers: [{ name: "a" }, { name: "b" }] })], source);
    expect(processes.map(({ name }) => name)).toEqual(["pod/a", "pod/b"]);
  });

  it("names init containers, replicas, kinds that do not run and fields that are not honoured", () => {
    const fields = { workingDir: "/srv", lifecycle: { preStop: { sleep: { seconds: 1 } } }, livenessProbe: { tcpSocket: { port: 1 } } };
    const pod = { initContainers: [{ name: "migrate" }], hostAliases: [{ ip: "10.0.0.1", hostnames: ["old"] }], terminationGracePeriodSeconds: 60, containers: [{ name: "c", ...fields }] };
    const { notices } = planned([workload("app", pod, { replicas: 3 }), { apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "nightly" }, spec: {} }], source);
    expect(notices).toEqual(expect.arrayContaining(["init containers of app", "more than one replica of app", "CronJob nightly"]));
    expect(notices).toEqual(expect.arrayContaining(["hostAliases of app", "terminationGracePeriodSeconds of app", "workingDir of app", "lifecycle of app"]));
    expect(notices).toContain("restart of what hangs (a livenessProbe can't tell that from a breakpoint)");
  });

  it("files of a ConfigMap lie where the arguments say", () => {
    const map: KubernetesObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { "a.json": "{}", "b.json": "[]" } };
    const pod = { containers: [{ name: "c", args: ["--config", "/etc/app/a.json", "--x=/etc/application"], volumeMounts: [{ name: "v", mountPath: "/etc/app" }] }], volumes: [{ name: "v", configMap: { name: "settings", items: [{ key: "a.json", path: "a.json" }] } }] };
    const { processes, notices } = planned([workload("app", pod), map], source);
    expect(processes[0]!.command).toEqual(["--config", "/clone/.local/volumes/app/v/a.json", "--x=/etc/application"]);
    expect(processes[0]!.mounts.folders[0]!.files).toEqual({ "a.json": "{}" });
    expect(notices).toEqual([]);
  });

  it("one file of a ConfigMap, mounted by subPath, is that file, and no other is written", () => {
    const map: KubernetesObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { "a.json": "{}", "b.json": "[]" } };
    const pod = { containers: [{ name: "c", args: ["--config", "/etc/app.json"], volumeMounts: [{ name: "v", mountPath: "/etc/app.json", subPath: "a.json" }] }], volumes: [{ name: "v", configMap: { name: "settings" } }] };
    const { command, mounts } = planned([workload("app", pod), map], source).processes[0]!;
    expect(command).toEqual(["--config", "/clone/.local/volumes/app/v/a.json"]);
    expect(mounts.folders).toEqual([{ path: "/clone/.local/volumes/app/v", file: "a.json", mountPath: "/etc/app.json", fresh: true, files: { "a.json": "{}" } }]);
    const docker = planned([workload("app", pod), map], { programFor: () => ({ kind: "docker", image: "i", container: "c" }) }).processes[0]!;
    expect(docker.command.join(" ")).toContain("--volume /clone/.local/volumes/app/v/a.json:/etc/app.json ");
  });

  it("a mount that no argument or variable names can't be seen there, which is said", () => {
    const pod = { containers: [{ name: "c", volumeMounts: [{ name: "v", mountPath: "/var/data" }, { name: "t", mountPath: "/tmp" }] }], volumes: [{ name: "v", emptyDir: {} }, { name: "t", emptyDir: {} }] };
    expect(planned([workload("app", pod)], source).notices).toEqual(["/var/data of app, which neither its arguments nor its variables name"]);
  });
});

it("images are known by their name, whatever registry and tag", () => {
  const kindOf = (image: string) => {
    const found = imageOf({ spec: { name: "c", image } }, builtImages, pulledImages);
    return found && ("built" in found ? found.built.folder : found.pulled.programs[0]);
  };
  expect(kindOf("127.0.0.1:5001/backend-trpc:dev")).toBe("backend-trpc");
  expect(kindOf("backend-trpc")).toBe("backend-trpc");
  expect(kindOf("ghcr.io/a/b/landing-page@sha256:00")).toBe("landing-page");
  expect(kindOf("valkey/valkey:9")).toBe("valkey-server");
  expect(kindOf("other-backend-trpc:1")).toBeUndefined();
  expect(readObjects(objects).containers).toHaveLength(4);
});
