import { ApiError, type Cluster } from "../cluster.ts";
import type { KubernetesObject } from "../render.ts";
import { createMask } from "./mask.ts";

// Secrets that nobody applies: cert-manager makes them from Certificates, the External Secrets Operator from ExternalSecrets.

/** @returns the object that a Secret is made from, if the environment has one */
export const makerOf = (secret: string, namespace: string | undefined, all: readonly KubernetesObject[]): KubernetesObject | undefined =>
  all.find((object) => madeBy(object) === secret && (object.metadata.namespace ?? namespace) === namespace);

function madeBy(object: KubernetesObject): string | undefined {
  const spec = object["spec"] as { secretName?: string; target?: { name?: string } } | undefined;
  if (object.kind === "Certificate") return spec?.secretName;
  return object.kind === "ExternalSecret" ? (spec?.target?.name ?? object.metadata.name) : undefined;
}

export interface SecretsMask {
  readonly mask: (text: string) => string;
  /** Looks up what External Secrets has made by now. To be called before a text is masked that may hold such a value. */
  read(): Promise<void>;
  /** `Secret`, when this user may not read them: then their values are not known. */
  readonly hidden: readonly string[];
}

/** @returns a mask for the Secrets among the objects, and for those that External Secrets makes meanwhile */
export function createSecretsMask(cluster: Cluster, objects: readonly KubernetesObject[]): SecretsMask {
  const made = objects.filter(({ kind }) => kind === "ExternalSecret").map((object) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: madeBy(object)!, namespace: object.metadata.namespace } }));
  // By their values: what was true before a change may stand in a log.
  const known = new Map<string, KubernetesObject>();
  const hidden: string[] = [];
  let mask = createMask(objects);
  let reading: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const found = await Promise.all(
      made.map((secret) =>
        cluster.get(secret).catch((error: unknown) => {
          if (error instanceof ApiError && error.code === 403 && hidden.length === 0) hidden.push("Secret");
          return undefined;
        }),
      ),
    );
    const before = known.size;
    for (const secret of found) if (secret) known.set(JSON.stringify([secret.metadata.name, secret["data"]]), secret);
    if (known.size > before) mask = createMask([...objects, ...known.values()]);
  }
  return {
    mask: (text) => mask(text),
    read: async () => {
      if (made.length > 0) await (reading ??= readAll().finally(() => (reading = undefined)));
    },
    hidden,
  };
}
