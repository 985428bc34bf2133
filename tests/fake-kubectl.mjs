#!/usr/bin/env node
// Stands in for kubectl in tests of the connection: `config view` knows the context "there", `proxy` serves what
// FAKE_KUBECTL_ROUTES (a module's address) exports as `answer(method, url, body, response)` on the socket it is told.
import { createServer } from "node:http";

const words = process.argv.slice(2);
const context = words[words.indexOf("--context") + 1];
if (context !== "there") {
  console.error(`error: cannot locate context ${context}`);
  process.exit(1);
}
if (words.includes("config")) process.stdout.write("https://127.0.0.1:6443");
else {
  const socket = words.find((word) => word.startsWith("--unix-socket=")).split("=")[1];
  const { answer } = await import(process.env.FAKE_KUBECTL_ROUTES);
  createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    answer(request, body && JSON.parse(body), response);
  }).listen(socket, () => console.log(`Starting to serve on ${socket}`));
}
