import type { KubernetesObject } from "../../render.ts";
import { namespaceOf, type Objects, type Of } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { isMadeByOthers } from "../policies.ts";
import { rule } from "../rule.ts";
import { describe, isEmpty, matches } from "../selectors.ts";
import type { Finding } from "../types.ts";

type Peer = NonNullable<NonNullable<NonNullable<NonNullable<Of<"NetworkPolicy">["spec"]>["ingress"]>[number]>["from"]>[number];

export default rule({
  name: "dangling-networkpolicypeer-podselector",
  group: "references",
  why: "A flow to or from pods that don't exist lets nothing through, and the one that was meant stays closed.",
  *check(objects) {
    for (const object of objects.of("NetworkPolicy")) {
      const { ingress = [], egress = [] } = object.spec ?? {};
      for (const [index, { from = [] }] of ingress.entries())
        for (const [number, peer] of from.entries()) yield* faults(objects, object, pathOf("spec.ingress", index, "from", number), peer);
      for (const [index, { to = [] }] of egress.entries())
        for (const [number, peer] of to.entries()) yield* faults(objects, object, pathOf("spec.egress", index, "to", number), peer);
    }
  },
});

function* faults(objects: Objects, object: KubernetesObject, path: string, { podSelector, namespaceSelector }: Peer): Iterable<Finding> {
  if (!podSelector || isEmpty(podSelector) || isMadeByOthers(podSelector)) return;
  // Pods of other namespaces are known only if those namespaces are part of what is applied.
  const labelsOf = (name: string) => ({ ...objects.find("Namespace", "", name)?.metadata.labels, "kubernetes.io/metadata.name": name });
  const known = objects.of("Namespace").map(({ metadata }) => metadata.name).filter((name) => !namespaceSelector || matches(namespaceSelector, labelsOf(name)));
  const namespaces = namespaceSelector ? known : [namespaceOf(object)];
  if (namespaces.length === 0 || (namespaceSelector && !namesItsNamespaces(namespaceSelector.matchLabels))) return;
  if (!objects.pods.some(({ namespace, labels }) => namespaces.includes(namespace) && matches(podSelector, labels)))
    yield { object, path: pathOf(path, "podSelector"), message: `selects no pod: ${describe(podSelector)}`, fix: "use labels of a pod template, and a namespaceSelector for pods of another namespace" };
}

const namesItsNamespaces = (labels: object = {}) => Object.hasOwn(labels, "kubernetes.io/metadata.name");
