import { expect, it } from "vitest";
import { readRequest } from "./flags.ts";

const read = (line: string) => readRequest(line.split(" ").filter(Boolean));

it.each([
  ["--env dev", { mode: "deploy", env: "dev", yes: false }],
  ["--env prod --plan", { mode: "plan" }],
  ["--env prod --plan plan.json", { mode: "plan", file: "plan.json" }],
  ["--plan plan.json --env prod --tag 1.10", { mode: "plan", file: "plan.json", tag: "1.10" }],
  ["--apply plan.json --yes", { mode: "apply", file: "plan.json", yes: true }],
  ["--env prod --rollback", { mode: "rollback", planOnly: false }],
  ["--env prod --rollback 7", { mode: "rollback", revision: 7 }],
  ["--env prod --rollback 7 --plan", { mode: "rollback", revision: 7, planOnly: true }],
  ["--check a.yaml -", { mode: "check", files: ["a.yaml", "-"] }],
  ["--env prod --check-drift --json", { mode: "check-drift", json: true }],
  ["--env prod --delete --prune-data", { mode: "delete", pruneData: true }],
])("%s", (line, request) => {
  expect(read(line)).toMatchObject(request);
});

it.each([
  ["--env prod --plan --delete", "--delete and --plan are two different things"],
  ["--env prod --print --images", "--print and --images are two different things"],
  ["--env prod plan.json", 'unexpected word "plan.json"'],
  ["--env prod --plan a b", 'unexpected word "b"'],
  ["--env prod --rollback latest", '"latest" is no revision'],
  ["--env prod --rollback 0", '"0" is no revision'],
  ["--env prod --history --yes", "--yes has nothing to do with --history"],
  ["--apply plan.json --replace", "--replace has nothing to do with --apply"],
  ["--env prod --tag a:b", "\"a:b\" can't be an image's tag"],
  ["--env prod --dryrun", "unknown flag --dryrun"],
])("refuses %s with one clear sentence", (line, message) => {
  expect(() => read(line)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});
