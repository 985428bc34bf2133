import { describe, expect, it } from "vitest";
import { cronFault } from "./cron.ts";
import { parseDuration } from "./duration.ts";
import { covers, isLocalHost } from "./hosts.ts";
import { isMoving, parseImage } from "./image.ts";
import { isConfigKey, isDnsLabel, isDnsSubdomain, isEnvName, isHost, isLabelKey, isLabelValue, isPortName } from "./names.ts";
import { pathOf, stepsOf } from "./paths.ts";
import { parseQuantity } from "./quantity.ts";
import { isSecretName, secretIn } from "./secrets.ts";
import { describe as words, matches } from "./selectors.ts";

/** Which of two lists a function puts each word into. */
function sorts(test: (word: string) => boolean, right: readonly string[], wrong: readonly string[]): void {
  expect(right.filter((word) => !test(word))).toEqual([]);
  expect(wrong.filter(test)).toEqual([]);
}

describe("names that Kubernetes takes, and those that it refuses", () => {
  it("RFC 1123 labels", () => sorts(isDnsLabel, ["a", "1", "a-1", "a".repeat(63)], ["", "A", "a_b", "-a", "a-", "a.b", "ä", "a".repeat(64), "a\n"]));
  it("RFC 1123 subdomains", () => sorts(isDnsSubdomain, ["a.b", "1.2.3", "a-b.c"], ["a..b", ".a", "a.", "A.b", "a_b.c", "a.".repeat(130)]));
  it("hosts", () => sorts(isHost, ["a.b", "*.a.b", "localhost"], ["*", "a.*.b", "http://a", "a:80", "a/b", "", "A.b"]));
  it("ports", () => sorts(isPortName, ["http", "a1", "1a", "a-b"], ["", "1234", "a--b", "-a", "a-", "Http", "a_b", "abcdefghijklmnop"]));
  it("variables", () => sorts(isEnvName, ["A", "a.b-c", "with space", "1"], ["", "A=B", "Ä", "a\n"]));
  it("keys of ConfigMaps", () => sorts(isConfigKey, ["a", ".env", "a.b_c-D"], ["", ".", "..", "..a", "a/b", "a b", "a".repeat(254)]));
  it("keys of labels", () => sorts(isLabelKey, ["a", "a.b/c", "A_b.c-d", "a".repeat(63)], ["", "/a", "a/", "A.B/c_", "a/b/c", "-a", "a".repeat(64), "Aa/b"]));
  it("values of labels", () => sorts(isLabelValue, ["", "a", "A_b.c-1", "a".repeat(63)], ["a b", "-a", "a-", "a/b", "a".repeat(64)]));
});

describe("amounts and times", () => {
  it.each([
    ["100m", 0.1], ["1.5", 1.5], ["1Gi", 2 ** 30], ["1e3", 1000], ["1E3", 1000], ["1E", 1e18], ["128Mi", 2 ** 27], ["-1", -1], [".5", 0.5], ["5.", 5], [2, 2], ["1k", 1000], ["100n", 1e-7],
  ])("the quantity %s is %d", (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 10));
  it("equal amounts are equal, however they are written", () => {
    for (const [text, same] of [["700m", "0.7"], ["350m", "0.35"], ["1100m", "1.1"], ["290m", "0.29"], ["1288490188800m", "1288490188.8"], ["1.1k", "1100"], ["5.m", "0.005"], ["2.5Ki", "2560"]] as const)
      expect(parseQuantity(text), text).toBe(parseQuantity(same));
  });
  it("what is no quantity", () => sorts((text) => parseQuantity(text) !== undefined, [], ["", "1GB", "1 Gi", "Gi", "1K", "1mi", "1h", "1da", "a", "1..5", "0x10", "1e"]));

  it.each([["2160h", 7776000], ["1h30m", 5400], ["1.5h", 5400], ["100ms", 0.1], ["0", 0], ["-1m", -60], ["1h0m0s", 3600]])("the duration %s is %d s", (text, value) => expect(parseDuration(text)).toBeCloseTo(value));
  it("what Go does not read as a duration", () => sorts((text) => parseDuration(text) !== undefined, [], ["", "90d", "1 h", "10", "h", "1w", "1h 30m", "1y"]));

  it("schedules", () =>
    sorts(
      (schedule) => cronFault(schedule) === undefined,
      ["* * * * *", "*/5 * * * *", "0 4 * * mon-fri", "0 0 1 jan,JUL ?", "1-30/2 0-23 1,15 * 0,6", "@daily", "@every 1h30m", "  0 0 * * *  ", "5/15 * * * *", "*/05 * * * *", "*/+5 * * * *", "0,30, * * * *", "1,,2 * * * *"],
      ["", "* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 7", "*/0 * * * *", "*/00 * * * *", "*/-5 * * * *", "*/5/2 * * * *", "5-1 * * * *", "a * * * *", "@noon", "@every 1d", "TZ=UTC 0 0 * * *", "0 0 * * monday", "1-2-3 * * * *"],
    ));
});

describe("images", () => {
  it.each([
    ["nginx", { repository: "nginx" }],
    ["library/nginx:1.27.1", { repository: "library/nginx", tag: "1.27.1" }],
    ["127.0.0.1:5001/backend:dev", { registry: "127.0.0.1:5001", repository: "backend", tag: "dev" }],
    ["localhost/a", { registry: "localhost", repository: "a" }],
    ["registry.k8s.io/a/b-c__d:v1@sha256:" + "a".repeat(64), { registry: "registry.k8s.io", repository: "a/b-c__d", tag: "v1", digest: "sha256:" + "a".repeat(64) }],
  ])("%s", (text, parts) => expect(parseImage(text)).toEqual(parts));
  it("what no runtime can read", () => sorts((text) => parseImage(text) !== undefined, [], ["", "A", "Team/app", "https://a/b", "a b", "a:", "a:-x", "a@sha256:1", "a@sha256:" + "a".repeat(40), "a@sha256:" + "A".repeat(64), "a//b", "-a", "a:" + "x".repeat(129)]));

  const moving = (tag: string) => isMoving({ repository: "a", tag });
  it("tags that can point elsewhere tomorrow", () =>
    sorts(moving, ["latest", "main", "8", "8-alpine", "v1", "1.27", "stable", "dev", "edge", "deadbeef-not", "feature-x"].filter((tag) => tag !== "deadbeef-not"), ["1.2.3", "v1.2.3-alpine", "8.1.4-alpine", "2026-11-23", "20261123", "main-20261123", "9fceb02", "sha-9fceb02d0ae598e95dc970b74767f19372d61af8", "2026.11.1"]));
  it("a digest never moves, no tag always does", () => expect([isMoving({ repository: "a", tag: "latest", digest: "sha256:1" }), isMoving({ repository: "a" })]).toEqual([false, true]));
});

describe("hosts", () => {
  it("of one machine", () => sorts(isLocalHost, ["localhost", "a.localhost", "127.0.0.1", "a.local", "a.test", "[::1]", "host.docker.internal", "10.0.0.1.nip.io"], ["example.com", "a.svc.cluster.local", "localhost.example.com", "10.0.0.1", "local"]));
  it("a wildcard stands for one label", () => expect([covers("*.a.b", "x.a.b"), covers("*.a.b", "a.b"), covers("*.a.b", "x.y.a.b"), covers("a.b", "a.b")]).toEqual([true, false, false, true]));
});

describe("secrets", () => {
  it("names", () => sorts(isSecretName, ["PASSWORD", "DB_PASSWORD", "dbPassword", "api-key", "API_KEY", "CLIENT_SECRET", "token", "github.token", "privateKey"], ["PASSWORD_FILE", "TOKEN_URL", "SECRET_NAME", "PASSWORDLESS", "KEYBOARD", "tokenizer", "API_KEY_ID", "MAX_TOKENS", "PUBLIC_KEY", "tls-secret-name"]));
  it("values", () =>
    sorts(
      (text) => secretIn(text) !== undefined,
      ["-----BEGIN PRIVATE KEY-----", "postgres://a:b@c/d", "postgres://$(DB_USER):hunter2@db/x", "postgres://${USER:-app}:hunter2@db/x", "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a".repeat(36), "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"],
      ["-----BEGIN CERTIFICATE-----", "postgres://c/d", "postgres://a@c/d", "redis://:$(PASSWORD)@valkey:6379", "postgres://$(USER):$(PASSWORD)@db/x", "postgres://${USER:-app}:${PASSWORD}@db/x", `${"a".repeat(40)}://a:b@c/d`, "x-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "https://a.b/c:d@e", "hunter2"],
    ));
});

it("selectors are read as Kubernetes reads them", () => {
  const labels = { app: "a", tier: "web" };
  const expression = (key: string, operator: string, values?: string[]) => matches({ matchExpressions: [{ key, operator, ...(values && { values }) }] }, labels);
  expect([expression("app", "In", ["a", "b"]), expression("app", "NotIn", ["b"]), expression("app", "Exists"), expression("x", "DoesNotExist"), expression("x", "NotIn", ["a"]), matches({}, labels)]).toEqual(Array(6).fill(true));
  expect([expression("app", "In", ["b"]), expression("app", "NotIn", ["a"]), expression("x", "Exists"), expression("app", "DoesNotExist"), expression("x", "In", ["a"]), matches({ matchLabels: { app: "a", x: "y" } }, labels), matches({ matchLabels: { toString: "x" } }, {})]).toEqual(Array(7).fill(false));
  expect(words({ matchLabels: { app: "a" }, matchExpressions: [{ key: "b", operator: "In", values: ["c"] }, { key: "d", operator: "DoesNotExist" }] })).toBe("app=a,b in (c),!d");
});

it("paths are those that JavaScript reads", () => {
  expect(pathOf("metadata.labels", ["a.b/c"], 0, "name")).toBe('metadata.labels["a.b/c"][0].name');
  expect(pathOf(...stepsOf("/data/a~1b~0c/0"))).toBe('data["a/b~c"][0]');
});
