import type { KubernetesObject } from "../../scripts/lib/render.ts";
import { registry } from "./rollout-scenarios.ts";

// A registry that has nothing to give and an admission webhook that refuses, as one small pod on the node's network.

export const webhookPort = 5098;

/** Answers by the first part of an image's name: `missing/…` 404, `denied/…` 401, `platform/…` an image for s390x only. */
const code = String.raw`
const sha = (text) => "sha256:" + require("crypto").createHash("sha256").update(text).digest("hex");
const type = "application/vnd.oci.image.index.v1+json";
const index = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", size: 2, digest: sha("{}"), platform: { os: "linux", architecture: "s390x" } }] });
require("http").createServer((request, response) => {
  const [, , kind] = request.url.split("/");
  const answer = (status, code, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
  if (request.url === "/v2/" || request.url === "/v2") return response.writeHead(200).end("{}");
  if (kind === "denied") return answer(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="team"' });
  if (kind === "platform") return response.writeHead(200, { "content-type": type, "docker-content-digest": sha(index), "content-length": Buffer.byteLength(index) }).end(request.method === "HEAD" ? undefined : index);
  answer(404, "MANIFEST_UNKNOWN");
}).listen(${registry.split(":")[1]}, "127.0.0.1");
require("https").createServer({ key: process.env.KEY, cert: process.env.CERT }, (request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk)).on("end", () =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: JSON.parse(body).request.uid, allowed: false, status: { code: 403, message: "every pod needs the label team" } } })));
}).listen(${webhookPort}, "127.0.0.1");
`;

/** @param image with Node. @param tls key and certificate of 127.0.0.1 in PEM */
export const servers = (image: string, tls: { key: string; certificate: string }): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "servers", namespace: "servers" },
  spec: {
    hostNetwork: true,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "servers",
        image,
        imagePullPolicy: "IfNotPresent",
        command: ["node", "-e", code],
        env: [{ name: "KEY", value: tls.key }, { name: "CERT", value: tls.certificate }],
        readinessProbe: { tcpSocket: { host: "127.0.0.1", port: webhookPort }, periodSeconds: 1 },
      },
    ],
  },
});

/** Sends the pods of namespaces with the label `webhook: <name>` to a webhook: one that refuses, one where nothing listens. */
export const webhooks = (authority: string): KubernetesObject[] =>
  [
    { name: "webhook-denies", port: webhookPort },
    { name: "webhook-down", port: 1 },
  ].map(({ name, port }) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: "labels.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 2,
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(authority).toString("base64") },
        namespaceSelector: { matchLabels: { webhook: name } },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "Namespaced" }],
      },
    ],
  }));
