import { describe, expect, it } from "vitest";
import { expand, variablesOf, type Adapt } from "./expand.ts";
import { dataKey, type Container } from "./objects.ts";

const same: Adapt = (_name, value) => ({ value });
const data = new Map<string, Record<string, string>>([
  [dataKey("ConfigMap", "app"), { LOG_LEVEL: "info", GREETING: "from the map" }],
  [dataKey("Secret", "app"), { PASSWORD: "ä secret" }],
]);
const container = (spec: Partial<Container["spec"]>): Container => ({
  name: "app",
  workload: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "app", namespace: "local", annotations: { team: "web" } } },
  labels: { "app.kubernetes.io/name": "app" },
  spec: { name: "app", ...spec },
  pod: { containers: [], serviceAccountName: "robot" },
  claims: [],
});
const envOf = (spec: Partial<Container["spec"]>) => variablesOf(container(spec), { data }, same).env;

describe("expansion of $(NAME), as in Kubernetes", () => {
  it.each([
    ["port $(PORT)", "port 80"],
    ["$(PORT)$(PORT)", "8080"],
    ["$(MISSING)", "$(MISSING)"],
    ["$$(PORT)", "$(PORT)"],
    ["$$$(PORT)", "$80"],
    ["costs 5$", "costs 5$"],
    ["$HOME and $(date +%s)", "$HOME and $(date +%s)"],
    ["hex=$(printf %s \"$PASSWORD\" | od)", "hex=$(printf %s \"$PASSWORD\" | od)"],
  ])("%s becomes %s", (text, expected) => expect(expand(text, { PORT: "80" })).toBe(expected));

  it("does not expand what an expansion brought in", () => expect(expand("$(A)", { A: "$(B)", B: "no" })).toBe("$(B)"));
});

describe("a container's variables", () => {
  it("env wins over envFrom, and sees what was set before it", () => {
    expect(envOf({ envFrom: [{ configMapRef: { name: "app" } }], env: [{ name: "GREETING", value: "$(LOG_LEVEL)!" }, { name: "LATER", value: "$(GREETING) $(AFTER)" }, { name: "AFTER", value: "x" }] }))
      .toEqual({ LOG_LEVEL: "info", GREETING: "info!", LATER: "info! $(AFTER)", AFTER: "x" });
  });

  it("a prefix is put before each name", () => expect(envOf({ envFrom: [{ prefix: "APP_", secretRef: { name: "app" } }] })).toEqual({ APP_PASSWORD: "ä secret" }));

  it("reads keys of ConfigMaps and Secrets and fields of the pod", () => {
    const fields = ["metadata.name", "metadata.namespace", "metadata.labels['app.kubernetes.io/name']", "metadata.annotations['team']", "spec.serviceAccountName", "status.podIP"];
    const env = fields.map((fieldPath, index) => ({ name: `F${index}`, valueFrom: { fieldRef: { fieldPath } } }));
    expect(envOf({ env: [{ name: "P", valueFrom: { secretKeyRef: { name: "app", key: "PASSWORD" } } }, ...env] }))
      .toEqual({ P: "ä secret", F0: "app", F1: "local", F2: "app", F3: "web", F4: "robot", F5: "127.0.0.1" });
  });

  it("names every reference that leads nowhere, but for optional ones", () => {
    const { problems, env } = variablesOf(
      container({
        envFrom: [{ configMapRef: { name: "absent" } }, { secretRef: { name: "absent", optional: true } }],
        env: [
          { name: "A", valueFrom: { secretKeyRef: { name: "app", key: "PASWORD" } } },
          { name: "B", valueFrom: { configMapKeyRef: { name: "app", key: "NOTHING", optional: true } } },
        ],
      }),
      { data },
      same,
    );
    expect(problems).toEqual(["ConfigMap absent does not exist", "Secret app has no key PASWORD"]);
    expect(env).toEqual({});
  });

  it("leaves out what leads to something that does not run, and says so", () => {
    const adapt: Adapt = (_name, value) => (value.includes("valkey") ? { missing: "valkey" } : { value });
    const { env, leftOut } = variablesOf(container({ env: [{ name: "URL", value: "redis://valkey" }, { name: "X", value: "y" }] }), { data }, adapt);
    expect(env).toEqual({ X: "y" });
    expect(leftOut).toEqual([{ name: "URL", service: "valkey" }]);
  });
});
