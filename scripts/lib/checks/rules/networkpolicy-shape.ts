import { BlockList, isIP } from "node:net";
import type { KubernetesObject } from "../../render.ts";
import { isPortName } from "../names.ts";
import type { Of } from "../objects.ts";
import { pathOf } from "../paths.ts";
import { typesOf } from "../policies.ts";
import { rule } from "../rule.ts";
import type { Finding } from "../types.ts";

type Spec = NonNullable<Of<"NetworkPolicy">["spec"]>;
type Peer = NonNullable<NonNullable<NonNullable<Spec["ingress"]>[number]>["from"]>[number];

export default rule({
  name: "networkpolicy-shape",
  group: "object",
  why: "The API server refuses address blocks, port ranges and peers that it can't read; rules of a direction that policyTypes leaves out do nothing.",
  *check(objects) {
    for (const object of objects.of("NetworkPolicy")) {
      const { spec = {} } = object;
      const { ingress = [], egress = [] } = spec;
      for (const [name, rules, type] of [["ingress", ingress, "Ingress"], ["egress", egress, "Egress"]] as const) {
        if (rules.length > 0 && !typesOf(spec).includes(type))
          yield { object, path: pathOf("spec", name), message: `has rules, but policyTypes does not list ${type}: they do nothing`, fix: `add ${type} to policyTypes` };
        for (const [index, rule] of rules.entries()) {
          const place = pathOf("spec", name, index);
          const field = name === "ingress" ? "from" : "to";
          const peers = ((rule as Record<string, Peer[] | undefined>)[field] ?? []).entries();
          for (const [number, peer] of peers) yield* peerFaults(object, pathOf(place, field, number), peer);
          for (const [number, { port, endPort }] of (rule.ports ?? []).entries()) {
            const where = pathOf(place, "ports", number);
            if (typeof port === "number" && (port < 1 || port > 65535)) yield { object, path: pathOf(where, "port"), message: `must be 1 to 65535 but is ${port}`, fix: "use 1 to 65535" };
            if (typeof port === "string" && !isPortName(port)) yield { object, path: pathOf(where, "port"), message: `${JSON.stringify(port)} is no port name`, fix: "name a port of the pods' containers" };
            if (endPort !== undefined && (typeof port !== "number" || endPort < port || endPort > 65535))
              yield { object, path: pathOf(where, "endPort"), message: "must be a port at or after a numeric port", fix: "set port to the first and endPort to the last of the range" };
          }
        }
      }
    }
  },
});

function* peerFaults(object: KubernetesObject, path: string, { ipBlock, podSelector, namespaceSelector }: Peer): Iterable<Finding> {
  if (!ipBlock && !podSelector && !namespaceSelector) yield { object, path, message: "names nobody", fix: "set podSelector, namespaceSelector or ipBlock" };
  if (ipBlock && (podSelector || namespaceSelector)) yield { object, path, message: "has a selector beside ipBlock", fix: "make two peers of it" };
  const { cidr, except = [] } = ipBlock ?? {};
  if (cidr === undefined) return;
  const block = parse(cidr);
  if (!block) yield { object, path: pathOf(path, "ipBlock.cidr"), message: `${JSON.stringify(cidr)} is no address block`, fix: "write it as 10.0.0.0/8" };
  for (const [index, text] of except.entries()) {
    const hole = parse(text);
    const where = pathOf(path, "ipBlock.except", index);
    if (!hole) yield { object, path: where, message: `${JSON.stringify(text)} is no address block`, fix: "write it as 10.1.0.0/16" };
    else if (block && !(hole.bits > block.bits && contains(block, hole.address))) yield { object, path: where, message: `${text} is not inside of ${cidr}`, fix: "an exception lies inside of its block" };
  }
}

function parse(cidr: string): { address: string; bits: number } | undefined {
  const [, address = "", bits] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const version = isIP(address);
  return version === 0 || Number(bits) > (version === 4 ? 32 : 128) ? undefined : { address, bits: Number(bits) };
}

function contains({ address, bits }: { address: string; bits: number }, inner: string): boolean {
  if (isIP(address) !== isIP(inner)) return false;
  const family = isIP(address) === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return list.check(inner, family);
}
