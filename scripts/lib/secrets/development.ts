import type { Environment } from "../../../manifests/environment.ts";
import type { SecretValues } from "../../../manifests/secrets.ts";
import { kubectlMissing } from "../cluster.ts";
import { UserError, UsageError } from "../errors.ts";
import { done } from "../progress.ts";
import { render, type KubernetesObject } from "../render.ts";
import type { Shell } from "../shell.ts";

// Tilt applies what `deploy.mts --print` writes, where no value may be. So it has the Secrets put into the cluster by
// this, under the names that the objects say. (A deploy names them by their content instead, and pods follow the name.)

/**
 * Puts the Secrets into the cluster of a development environment and restarts the workloads that use one that changed.
 * @throws UsageError for any other environment, UserError when the namespace is not there yet
 */
export async function putIntoCluster($: Shell, environment: Environment, values: SecretValues): Promise<void> {
  const { name, context, namespace, development } = environment;
  if (!development || context === undefined)
    throw new UsageError(`--apply is for the development cluster, and ${name} is not there`, {
      why: "elsewhere secrets go into a cluster together with what uses them",
      next: context === undefined ? "npm start   reads them by itself" : `npx zx scripts/deploy.mts --env ${name}`,
    });
  const kubectl = ["--context", context, "--namespace", namespace];
  const objects = render(environment, values);
  const secrets = objects.filter(({ apiVersion, kind }) => apiVersion === "v1" && kind === "Secret");
  const { stdout, stderr, exitCode } = await $({ nothrow: true })`kubectl ${kubectl} get secrets,deployments,statefulsets --ignore-not-found -o json`;
  if (exitCode === 127) throw kubectlMissing();
  if (exitCode !== 0)
    throw new UserError(`the cluster of context ${context} did not say what it has`, { why: stderr.trim(), next: "npm run setup" });
  const present: readonly KubernetesObject[] = stdout.trim() === "" ? [] : JSON.parse(stdout).items;
  const changed = secrets.filter((secret) => !isSame(secret, find(present, secret)));
  if (changed.length === 0) return done(`secrets already in namespace ${namespace}`);
  await $({ input: JSON.stringify({ apiVersion: "v1", kind: "List", items: changed }) })`kubectl ${kubectl} apply --server-side --force-conflicts --field-manager secrets -f -`.catch(
    (error: { stderr: string }) => {
      throw new UserError(`secrets could not be put into namespace ${namespace}`, { why: error.stderr.trim(), next: "tilt up   makes the namespace first" });
    },
  );
  done(`secrets in namespace ${namespace}: ${changed.map(({ metadata }) => metadata.name).join(", ")}`);
  // Those that were missing nobody could have read yet: their pods still wait for them.
  const stale = new Set(changed.filter((secret) => find(present, secret)).map(({ metadata }) => metadata.name));
  const restart = objects.filter((object) => find(present, object) && secretsUsedBy(object).some((secret) => stale.has(secret)));
  if (restart.length === 0) return;
  await $`kubectl ${kubectl} rollout restart ${restart.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`)}`;
  done(`restarted, for what they use has changed: ${restart.map(({ metadata }) => metadata.name).join(", ")}`);
}

const find = (objects: readonly KubernetesObject[], { kind, metadata: { name } }: KubernetesObject) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

const isSame = (wanted: KubernetesObject, present: KubernetesObject | undefined) =>
  present !== undefined && JSON.stringify(sorted(wanted["data"])) === JSON.stringify(sorted(present["data"]));

const sorted = (data: unknown) => Object.entries((data ?? {}) as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));

interface PodSpec {
  containers?: { env?: { valueFrom?: { secretKeyRef?: { name?: string } } }[] }[];
}

/** @returns the names of Secrets that a workload's containers take variables from: `secretEnv` refers in no other way */
function secretsUsedBy(object: KubernetesObject): string[] {
  const spec = (object["spec"] as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
  return (spec?.containers ?? []).flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []));
}
