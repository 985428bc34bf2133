import { describe, expect, it } from "vitest";
import { rewriteAddresses, rewriteHostVariable, type Address } from "./addresses.ts";

const address = (service: string, port: number, local: number | undefined, namespace = "local"): Address => ({
  service,
  namespace,
  ports: new Map([[port, local === undefined ? { missing: service } : { process: service, port: local }]]),
  names: new Map(),
});
const addresses = [address("valkey", 6379, 21001), address("signaling", 4000, 21002), address("web", 80, 21003), address("api", 3000, 21004, "other"), address("mail", 25, undefined)];
const rewrite = (text: string) => rewriteAddresses(text, addresses, "local");

describe("addresses of Services in values", () => {
  it.each([
    ["redis://valkey:6379", "redis://127.0.0.1:21001"],
    ["redis://valkey", "redis://127.0.0.1:21001"],
    ["redis://user:p%40ss@valkey:6379/3", "redis://user:p%40ss@127.0.0.1:21001/3"],
    ["ws://signaling:4000/signaling?a=b", "ws://127.0.0.1:21002/signaling?a=b"],
    ["http://web", "http://127.0.0.1:21003"],
    ["http://web/path", "http://127.0.0.1:21003/path"],
    ["HTTP://Web:80", "HTTP://127.0.0.1:21003"],
    ["redis://valkey.local:6379", "redis://127.0.0.1:21001"],
    ["redis://valkey.local.svc:6379", "redis://127.0.0.1:21001"],
    ["redis://valkey.local.svc.cluster.local:6379", "redis://127.0.0.1:21001"],
    ["http://api.other:3000", "http://127.0.0.1:21004"],
    ["valkey:6379", "127.0.0.1:21001"],
    ["valkey:6379,signaling:4000", "127.0.0.1:21001,127.0.0.1:21002"],
    ["--url=ws://signaling:4000 --other", "--url=ws://127.0.0.1:21002 --other"],
  ])("%s leads to %s", (text, expected) => expect(rewrite(text)).toEqual({ value: expected }));

  it.each([
    ["a word like a Service's name", "valkey"],
    ["a port that the Service does not have", "http://signaling:80"],
    ["a Service of another namespace", "http://api:3000"],
    ["a longer name", "redis://my-valkey:6379"],
    ["a host below", "redis://valkey.example.com:6379"],
    ["an e-mail address", "ops@valkey.local"],
    ["a time", "10:30:00"],
    ["a URL outside", "https://example.com:443/valkey:x"],
    ["an image", "registry/valkeyd:6379"],
  ])("leaves %s alone: %s", (_what, text) => expect(rewrite(text)).toEqual({ value: text }));

  it("says which process is missing behind an address", () => expect(rewrite("smtp=mail:25")).toEqual({ missing: "mail" }));
});

describe("a host and a port in two variables", () => {
  const all = { DB_HOST: "valkey", DB_PORT: "6379", PORT: "6379", SERVICE: "valkey" };
  const read = (name: string, value: string) => rewriteHostVariable(name, value, all, addresses, "local");
  it("follow together", () => {
    expect(read("DB_HOST", "valkey")).toEqual({ value: "127.0.0.1" });
    expect(read("DB_PORT", "6379")).toEqual({ value: "21001" });
  });
  it("are left alone without each other", () => {
    expect(read("PORT", "6379")).toBeUndefined();
    expect(read("SERVICE", "valkey")).toBeUndefined();
  });
});
