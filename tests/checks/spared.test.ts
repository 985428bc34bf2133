import { describe, expect, it } from "vitest";
import { check } from "../../scripts/lib/checks/index.ts";
import { brief, optionsFor, shop, type Shop } from "./fault.ts";
import { ofV1 } from "./catalogue/object.ts";

// What looks like one of the catalogue's faults, and is none: not even a policy has anything to say.

const spared: readonly (readonly [string, (shop: Shop) => void])[] = [
  ["addresses whose first part is no host", ({ get }) => Object.assign(get("ConfigMap/api").data, { BACKUPS: "s3://shop-backups/db", ARCHIVE: "gs://shop-archive", CHART: "oci://charts/shop" })],
  ["an address behind what is too long to be a scheme", ({ get }) => (get("ConfigMap/api").data.NOTE = `${"a".repeat(40)}://shop.localhost`)],
  ["an autoscaler of autoscaling/v1 that keeps as many pods as a budget and a spread are for", ({ get }) => {
    ofV1(get("HorizontalPodAutoscaler/api"));
    Object.assign(get("PodDisruptionBudget/api").spec, { maxUnavailable: undefined, minAvailable: 1 });
  }],
  ["a budget that needs half of two pods", ({ get }) => Object.assign(get("PodDisruptionBudget/api").spec, { maxUnavailable: undefined, minAvailable: "50%" })],
  ["a budget of what runs no pod", ({ get, objects }) => {
    get("StatefulSet/store").spec.replicas = 0;
    objects.push({ ...structuredClone(get("PodDisruptionBudget/api")), metadata: { name: "store", namespace: "shop" }, spec: { minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: { app: "store" } } } });
  }],
  ["kinds of the External Secrets Operator that have no namespace", ({ objects }) => {
    const store = { provider: { fake: { data: [{ key: "a", value: "b" }] } } };
    objects.push({ apiVersion: "external-secrets.io/v1", kind: "ClusterSecretStore", metadata: { name: "vault" }, spec: store });
    objects.push({ apiVersion: "external-secrets.io/v1", kind: "ClusterExternalSecret", metadata: { name: "all" }, spec: { namespaces: ["shop"], externalSecretSpec: { secretStoreRef: { name: "vault", kind: "ClusterSecretStore" }, data: [{ secretKey: "a", remoteRef: { key: "a" } }] } } });
  }],
  ["pods of Windows without what Linux alone has", ({ pod }) => {
    pod.os = { name: "windows" };
    pod.securityContext = { runAsNonRoot: true, windowsOptions: { runAsUserName: "ContainerUser" } };
    for (const container of [...pod.initContainers, ...pod.containers]) delete container.securityContext;
    for (const mount of pod.containers[0].volumeMounts) mount.mountPath = `C:${mount.mountPath.replaceAll("/", "\\")}`;
  }],
  ["containers of the types of SELinux that containers have", ({ pod, container }) => {
    pod.securityContext.seLinuxOptions = { level: "s0:c123,c456" };
    container.securityContext.seLinuxOptions = { type: "container_t", user: "", role: "" };
  }],
  ["a ConfigMap of 1 MiB, without its keys", ({ get }) => (get("ConfigMap/api").data = { ...get("ConfigMap/api").data, large: "x".repeat(2 ** 20 - Object.values(get("ConfigMap/api").data).join("").length) })],
  ["a Secret of 1 MiB, which is more in base64", ({ get }) => (get("Secret/api").data = { STORE_PASSWORD: Buffer.alloc(2 ** 20).toString("base64") })],
];

describe("what only looks wrong is spared", () => {
  it.each(spared)("%s", async (_, put) => {
    const broken = shop();
    put(broken);
    expect((await check(broken.objects, optionsFor())).map((problem) => `${brief(problem)}: ${problem.message}`)).toEqual([]);
  });
});
