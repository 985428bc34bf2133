import { dev } from "../manifests/environments/dev.ts";
import { readArguments } from "./lib/arguments.ts";
import { authorityFolder, expiryWarning, readAuthority } from "./lib/ca.ts";
import { connect } from "./lib/cluster.ts";
import { main } from "./lib/main.ts";
import { asProblem, described } from "./lib/problems.ts";
import { done, failed, say, warn } from "./lib/progress.ts";
import { clusterSettings } from "./lib/setup/cluster-settings.ts";
import { examineCluster, examineContainers, examineNames, examineTrust, fine, hint, type Finding } from "./lib/setup/doctor.ts";
import { examineMachine } from "./lib/setup/preflight.ts";
import { $ as uninterruptible } from "./lib/shell.ts";
import { allStores, certificatesOf, thisMachine, trustStatus } from "./lib/trust.ts";

const usage = `
Looks at everything that the local cluster needs, changes nothing, and says how to mend what is wrong.

  npx zx scripts/doctor.mts

Exit codes: 0 nothing is wrong, 1 something is wrong, 2 wrong usage.
`;

await main(async (signal) => {
  readArguments(usage, {});
  const settings = clusterSettings(dev);
  const $ = uninterruptible({ signal });
  const counts = { fine: 0, hint: 0, wrong: 0 };
  const tell = { fine: done, hint: warn, wrong: failed };
  const report = (finding: Finding) => {
    counts[finding.state]++;
    tell[finding.state](finding.state === "fine" ? finding.what : described(finding).replaceAll("\n", "\n   "));
  };
  /** One that can't be made is a finding too. */
  const examine = async (run: () => Promise<Finding[]>) =>
    (await run().catch((error: unknown): Finding[] => [{ state: "wrong", ...asProblem(error) }])).forEach(report);

  const machine = await examineMachine($, settings);
  await examine(() => examineContainers(settings, machine));
  if (machine.nodes.length > 0 && machine.problems.length === 0 && machine.nodes.every(({ running }) => running))
    await examine(async () => {
      const cluster = await connect($, settings.context, { signal });
      return examineCluster(cluster, dev, settings).finally(() => cluster.close());
    });
  await examine(async () => [await examineNames(dev)]);
  await examine(async () => {
    const folder = authorityFolder();
    const authority = readAuthority(folder);
    if (!authority) return [hint("there is no local CA yet", undefined, "npx zx scripts/setup.mts")];
    const expires = expiryWarning(authority);
    const stores = await trustStatus(allStores(thisMachine()), certificatesOf(folder).current, []);
    return [fine(`Local CA in ${folder}`), ...(expires ? [hint(expires)] : []), examineTrust(stores)];
  });
  say();
  if (counts.wrong > 0) say(`${counts.wrong} ${counts.wrong === 1 ? "thing is" : "things are"} wrong.`);
  else say(counts.hint > 0 ? "Nothing is wrong; see what is marked with ! above." : "All is well.");
  return counts.wrong === 0 ? 0 : 1;
});
