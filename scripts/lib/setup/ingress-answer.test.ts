import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { expect, it } from "vitest";
import { listening } from "../../../tests/listening.ts";
import { issueCertificate } from "../ca.ts";
import { missing, untilIngressAnswers } from "./ingress-answer.ts";
import { makeAuthorityCertificate, makeKey } from "../x509.ts";

const { signal } = new AbortController();
const explain = async () => ["Pod controller: Pending"];

it("takes the controller's 404 for names that nobody claims as its answer, at both ports", async () => {
  const authorityKey = await makeKey();
  const { certificate, key } = await issueCertificate({ key: authorityKey, certificate: await makeAuthorityCertificate(authorityKey) }, ["127.0.0.1"]);
  const plain = createServer((_request, response) => response.writeHead(404).end());
  const tls = createTlsServer({ cert: certificate, key }, (_request, response) => response.writeHead(404).end());
  try {
    await untilIngressAnswers({ httpPort: await listening(plain), httpsPort: await listening(tls) }, signal, explain);
  } finally {
    plain.close();
    tls.close();
  }
});

it("takes what an Ingress without a host says as its answer: a page, or that it is elsewhere", async () => {
  let status = 0;
  const server = createServer((_request, response) => response.writeHead(status, { location: "https://dev.localhost" }).end());
  const port = await listening(server);
  try {
    for (status of [200, 308]) expect(await missing(port, false)).toBeUndefined();
  } finally {
    server.close();
  }
});

it("waits while what answers has nothing to pass on to, and says what the pods wait for", async () => {
  const server = createServer((_request, response) => response.writeHead(503).end());
  const port = await listening(server);
  try {
    expect(await missing(port, false)).toBe("it answers 503");
    await expect(untilIngressAnswers({ httpPort: port, httpsPort: port }, signal, explain, 0)).rejects.toMatchObject({ why: expect.stringContaining("Pod controller: Pending") });
  } finally {
    server.close();
  }
});

it("gives the reason when nothing answers", async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await missing(port, false)).toContain("ECONNREFUSED");
});
