import { dirname, join } from "node:path";
import { quoted, withOthersFile } from "../ca.ts";
import { bundleHolds, type Machine, type Store } from "./store.ts";

/** Node looks at no store of the system, but at one file, which a variable names when it starts. */
export function nodeStore({ env }: Machine): Store {
  const set = env["NODE_EXTRA_CA_CERTS"];
  return {
    kind: "node",
    name: "Node (NODE_EXTRA_CA_CERTS)",
    serves: "node, npm and npx started from this shell",
    byHand: {
      why: "Node takes it from the environment that it is started in",
      trust: ({ path }) => (set && set !== path ? besidesOthers(set, path) : `export NODE_EXTRA_CA_CERTS=${quoted(path)}`),
      untrust: () => "unset NODE_EXTRA_CA_CERTS",
    },
    trusts: async (certificate) => Boolean(set) && bundleHolds(set!, certificate),
    trust: async () => [],
    untrust: async () => [],
  };
}

/** Only one file can be named, and the one that is may hold a company's CA: that file is left alone, a new one holds both. */
function besidesOthers(others: string, path: string): string {
  const both = join(dirname(path), withOthersFile);
  if (others === both) return `cat ${quoted(path)} >> ${quoted(both)}`;
  return `cat ${quoted(others)} ${quoted(path)} > ${quoted(both)} && export NODE_EXTRA_CA_CERTS=${quoted(both)}`;
}
