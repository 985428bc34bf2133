import { expect, it } from "vitest";
import { createFacts, type Live } from "./facts.ts";

const pod: Live = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", uid: "p" } };
const different = (...lines: string[]) => {
  const facts = createFacts();
  for (const line of lines) facts.log(pod, "web", line);
  return facts.differentLines(pod, "web");
};

it.each([
  ["numbers", "answered in 12 ms", "answered in 7 ms"],
  ["UUIDs", "request 0b017018-fade-4afe-8abe-6f203ad696c0", "request 1b4e28ba-2fa1-41d2-883f-0016d3cca427"],
  ["hexadecimal ids", "trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 00f067aa0ba902b7"],
  ["ids of letters and digits", "request req-8f3k2j", "request req-x1y2z3"],
  ["times", "2026-01-01T12:00:00.123Z waiting", "2026-01-01T12:00:05.001Z waiting"],
])("lines that differ in %s only are the same: they are no progress", (_, ...lines) => expect(different(...lines)).toBe(1));

it.each([
  ["what is done", "applied 0001_create_users", "applied 0002_create_orders"],
  ["words", "loading part a", "loading part b"],
])("lines that differ in %s show progress", (_, ...lines) => expect(different(...lines)).toBe(2));
