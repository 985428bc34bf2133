import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { expect, it } from "vitest";
import { readRuntimeConfig } from "../../landing-page/src/server/runtime-config.ts";
import type { Environment } from "../environment.ts";
import { prod } from "../environments/prod.ts";
import landingPage from "./landing-page.ts";

/** What the page's server makes of its ConfigMap. */
function configured(environment: Environment) {
  const problems: string[] = [];
  const config = readRuntimeConfig(landingPage(environment).find((object) => ConfigMap.is(object))!.data!, problems);
  expect(problems).toEqual([]);
  return config;
}

it("the page is told the environment's ICE servers, and none when there are none", () => {
  const iceServers = [{ urls: "stun:stun.example.com" }, { urls: ["turn:turn.example.com", "turns:turn.example.com"], username: "u", credential: "c" }];
  expect(configured({ ...prod, iceServers }).iceServers).toEqual(iceServers);
  expect(configured(prod).iceServers).toEqual([]);
});
