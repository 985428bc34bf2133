import { origin } from "../manifests/environment.ts";
import { dev } from "../manifests/environments/dev.ts";
import { readArguments } from "./lib/arguments.ts";
import { authorityFolder, ensureAuthority, expiryWarning, type Authority } from "./lib/ca.ts";
import { connect } from "./lib/cluster.ts";
import { main } from "./lib/main.ts";
import { allOf, described } from "./lib/problems.ts";
import { bold, done, say, step, warn } from "./lib/progress.ts";
import { explainPods, installAddon } from "./lib/setup/addon-install.ts";
import { recordChecksums } from "./lib/setup/addons.ts";
import { clusterSettings } from "./lib/setup/cluster-settings.ts";
import { acceptsIngresses, untilIngressAnswers } from "./lib/setup/ingress-answer.ts";
import { ensureCluster } from "./lib/setup/kind.ts";
import { ensureContext } from "./lib/setup/kubeconfig.ts";
import { acceptsCertificates, ensureLocalIssuer } from "./lib/setup/local-issuer.ts";
import { oneAtATime } from "./lib/setup/one-at-a-time.ts";
import { preflight } from "./lib/setup/preflight.ts";
import { connectRegistry, createVolume, ensureRegistry } from "./lib/setup/registry.ts";
import { $ as uninterruptible } from "./lib/shell.ts";
import { allStores, certificatesOf, thisMachine, trustedByBrowsers, trustStatus } from "./lib/trust.ts";

const usage = `
Makes the local cluster: kind, a registry, ingress-nginx, cert-manager, and certificates of a CA of your own.
A second run changes nothing; a run after an interrupted one completes it.

  npx zx scripts/setup.mts

The cluster's name, ports and node image are in kind-config.yaml. Behind a mirror:

  KIND_NODE_IMAGE=registry.example.com/kindest/node:v1.36.4     another node image
  ADDONS_MIRROR=/media/mirror, ADDONS_MIRROR=https://…/mirror   a folder or URL with ingress-nginx-v1.15.1.yaml and
                                                                cert-manager-v1.21.2.yaml (and checksums.txt, if it has one)
`;

await main(async (signal) => {
  readArguments(usage, {});
  const settings = clusterSettings(dev);
  const $ = uninterruptible({ signal });
  await oneAtATime(settings.name);

  // 1. Everything that can be wrong, before anything is changed.
  const { versions, nodes, registry, addons, unrecorded, hints, limits } = await preflight($, settings, signal);
  done(`Tools: ${Object.entries(versions).map((tool) => tool.join(" ")).join(", ")}`);
  await recordChecksums({ addons, unrecorded });
  for (const name of unrecorded) done(`Checksum of ${name} recorded in addons.lock.json: commit it`);
  for (const hint of [...limits, ...hints]) warn(described(hint).replaceAll("\n", "\n   "));

  // 2. The cluster, and what needs none, side by side.
  let authority!: Authority;
  let currentContext = "";
  await createVolume($, settings);
  await allOf([
    step("Local CA", async () => {
      const ensured = await ensureAuthority(authorityFolder());
      authority = ensured.authority;
      return ensured.created ? `made in ${authorityFolder()}` : "already there";
    }),
    step(`Registry ${settings.registry.address}`, () => ensureRegistry($, settings, registry, signal)),
    step(`Cluster ${settings.name}`, () => ensureCluster($, settings, nodes, signal)),
  ]);
  await step(`Context ${settings.context}`, async () => {
    const { outcome, current } = await ensureContext(uninterruptible, settings);
    currentContext = current;
    return outcome;
  });

  // 3. What runs in it, until it works: a certificate was issued, the ingress controller answers.
  const cluster = await connect($, settings.context, { signal });
  try {
    await allOf([
      step("Registry known to the nodes", () => connectRegistry($, cluster, settings)),
      step("ingress-nginx", () => installAddon($, cluster, addons["ingress-nginx"], () => acceptsIngresses(cluster, dev.ingressClass), signal)).then(() =>
        step(`Ingress at ${origin(dev, "127.0.0.1")}`, () => untilIngressAnswers(settings, signal, () => explainPods(cluster, "ingress-nginx"))),
      ),
      step("cert-manager", () => installAddon($, cluster, addons["cert-manager"], () => acceptsCertificates(cluster, dev), signal)).then(() =>
        step(`ClusterIssuer ${dev.issuer.name}`, () => ensureLocalIssuer(cluster, dev, authority, signal)),
      ),
    ]);
  } finally {
    await cluster.close();
  }

  // 4. What to type next.
  const tilt = currentContext === settings.context ? "tilt up" : `tilt up --context ${settings.context}`;
  const stores = await trustStatus(allStores(thisMachine()), certificatesOf(authorityFolder()).current, []);
  const expires = expiryWarning(authority);
  if (expires) warn(expires);
  say();
  say(bold("Ready. Next:"));
  if (!trustedByBrowsers(stores)) say("  npx zx scripts/certs.mts trust            so that browsers accept the certificates");
  say(`  ${tilt.padEnd(42)}develop: edits arrive in the cluster at once`);
  say("  npx zx scripts/deploy.mts --env dev       or deploy it once");
  say(`and open ${origin(dev, dev.domain)}`);
});
