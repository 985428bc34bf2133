import { expect, it } from "vitest";
import type { Environment } from "./environment.ts";
import { dev } from "./environments/dev.ts";
import { environments } from "./environments/index.ts";
import { prod } from "./environments/prod.ts";
import { manifests } from "./index.ts";
import secrets, { neededIn, reference, secretDeclarations, secretEnv, type Declarations } from "./secrets.ts";

const list: Declarations = {
  EVERYWHERE: { what: "for two", usedBy: ["valkey", "backend"] },
  MAYBE: { what: "optional", usedBy: ["backend"], optional: true },
  ONLY_PROD: { what: "of users", usedBy: ["backend"], environments: ["prod"] },
};
const operator: Environment = { ...prod, secrets: { from: "externalSecrets", store: { kind: "ClusterSecretStore", name: "team" }, path: "shop/prod" } };
const plain = (object: object) => JSON.parse(JSON.stringify(object));

it("a misspelt secret, or one that the service does not use, does not compile", () => {
  // @ts-expect-error
  expect(secretEnv(dev, "backend", "VALKEY_PASSWROD"), "the checks find that it leads nowhere").toMatchObject([{ valueFrom: { secretKeyRef: { name: "backend", key: "VALKEY_PASSWROD" } } }]);
  // @ts-expect-error
  secretEnv(dev, "landing-page", "VALKEY_PASSWORD");
});

it("each service gets a Secret with what it uses and no more", () => {
  const values = { EVERYWHERE: "a", MAYBE: "b", ONLY_PROD: "c", OTHER: "d" };
  expect(secrets(prod, values, list).map(({ metadata, ...rest }) => [metadata?.name, Object.keys(plain(rest).data)])).toEqual([
    ["backend", ["EVERYWHERE", "MAYBE", "ONLY_PROD"]],
    ["valkey", ["EVERYWHERE"]],
  ]);
});

it("a value reaches the Secret byte by byte", () => {
  const value = " grüße\t'\"\\$(X) #日本🔑\r\nlast ";
  const [backend] = secrets(prod, { EVERYWHERE: value, ONLY_PROD: "c" }, list).map(plain);
  expect(Buffer.from(backend.data.EVERYWHERE, "base64").equals(Buffer.from(value, "utf8"))).toBe(true);
});

it("an optional secret without a value is left out, and pods start without it", () => {
  const [backend] = secrets(dev, { EVERYWHERE: "a" }, list).map(plain);
  expect(Object.keys(backend.data)).toEqual(["EVERYWHERE"]);
  expect(reference(dev, "backend", "MAYBE", list)).toEqual([{ name: "MAYBE", valueFrom: { secretKeyRef: { name: "backend", key: "MAYBE", optional: true } } }]);
});

it("a secret of some environments is neither made nor referred to in others", () => {
  expect(Object.keys(neededIn(dev, list))).toEqual(["EVERYWHERE", "MAYBE"]);
  expect(reference(dev, "backend", "ONLY_PROD", list)).toEqual([]);
  expect(reference(prod, "backend", "ONLY_PROD", list)).toHaveLength(1);
});

it("with the External Secrets Operator the same references are met by what it makes", () => {
  const objects = secrets(operator, undefined, list);
  for (const object of objects) object.validate();
  expect(plain(objects[0]!)).toEqual({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "backend", namespace: "prod", labels: { "app.kubernetes.io/name": "backend" } },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "ClusterSecretStore", name: "team" },
      target: { name: "backend", creationPolicy: "Owner" },
      data: ["EVERYWHERE", "MAYBE", "ONLY_PROD"].map((key) => ({ secretKey: key, remoteRef: { key: "shop/prod", property: key } })),
    },
  });
  // It knows no optional keys: one that is not in the store is shown by the operator, not passed over by the pod.
  expect(reference(operator, "backend", "MAYBE", list)[0]!.valueFrom).toEqual({ secretKeyRef: { name: "backend", key: "MAYBE" } });
});

it.each(Object.values(environments))("$name: what the list says of a service is what its pods take, with no value in the manifests", (environment) => {
  const objects = manifests(environment).map(plain);
  const taken = objects.flatMap((object) =>
    (object.spec?.template?.spec?.containers ?? []).flatMap(({ env = [] }: { env?: { name: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[] }) =>
      env.flatMap(({ valueFrom }) => (valueFrom?.secretKeyRef ? [`${object.metadata.name} ${valueFrom.secretKeyRef.name}.${valueFrom.secretKeyRef.key}`] : [])),
    ),
  );
  const declared = Object.entries(neededIn(environment, secretDeclarations)).flatMap(([key, { usedBy }]) => usedBy.map((service) => `${service} ${service}.${key}`));
  expect(taken.sort()).toEqual(declared.sort());
  const made = objects.filter(({ kind }) => kind === "Secret");
  expect(made.flatMap(({ data }) => Object.values(data)).every((value) => value === "")).toBe(true);
});
