import { expect, it } from "vitest";
import { refuseNpmFlags } from "./npm-flags.ts";

const start = { npm_lifecycle_event: "start" };

it.each([
  ["a value after =", { npm_config_log: "backend" }, [], "npm start -- --log backend"],
  ["a value that became a word", { npm_config_https_port: "true" }, ["9443"], "npm start -- --https-port 9443"],
  ["no value", { npm_config_http_port: "true" }, [], "npm start -- --http-port …"],
  ["several, of which one value is a word", { npm_config_log: "true", npm_config_https_port: "0" }, ["backend"], "npm start -- --log backend --https-port 0"],
  ["several words, whose order npm does not tell", { npm_config_log: "true", npm_config_https_port: "true" }, ["0", "backend"], "npm start -- --log … --https-port …"],
  ["a flag that this npm does not know any more", { npm_config_only: "backend" }, [], "npm start -- --only backend"],
])("flags that npm took are refused: %s", (_what, taken, words, next) => {
  expect(() => refuseNpmFlags({ ...start, ...taken }, words)).toThrow(expect.objectContaining({ next, exitCode: 2 }));
});

it.each([
  ["nothing", start],
  ["settings that npm knows", { ...start, npm_config_json: "true", npm_config_only: "production", npm_config_loglevel: "error" }],
  ["another script's", { npm_lifecycle_event: "test", npm_config_log: "backend" }],
])("%s is not refused", (_what, env) => expect(() => refuseNpmFlags(env, ["status"])).not.toThrow());
