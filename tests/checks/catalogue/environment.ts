import { dev, prod, type Fault } from "../fault.ts";

const inContainer = (path: string) => `Deployment/api spec.template.spec.containers[0].${path}`;

/** What is wrong where it goes, and right elsewhere. */
export const environmentFaults: readonly Fault[] = [
  { rule: "latest-tag", fault: "an image has no tag", at: inContainer("image"), put: ({ container }) => (container.image = "registry.example.com/shop/api") },
  { rule: "latest-tag", fault: "an image is latest", at: inContainer("image"), put: ({ container }) => (container.image = "registry.example.com/shop/api:latest") },
  { rule: "latest-tag", fault: "an image's tag is a branch", at: inContainer("image"), put: ({ container }) => (container.image = "registry.example.com/shop/api:main") },
  { rule: "latest-tag", fault: "an image's tag is a major version", at: "StatefulSet/store spec.template.spec.containers[0].image", put: ({ get }) => (get("StatefulSet/store").spec.template.spec.containers[0].image = "valkey/valkey:8-alpine") },
  { rule: "development-image", fault: "a development image", at: [inContainer("image"), `!latest-tag ${inContainer("image")}`], put: ({ container }) => (container.image = "registry.example.com/shop/api:dev") },
  { rule: "development-image", fault: "an image of this machine's registry", at: inContainer("image"), put: ({ container }) => (container.image = "127.0.0.1:5001/api:1.4.2") },
  {
    rule: "no-local-host", fault: "a host of development", at: ["Certificate/shop spec.dnsNames[1]", "Ingress/shop spec.rules[1].host", "Ingress/shop spec.tls[0].hosts[1]"],
    put: ({ get }) => {
      get("Certificate/shop").spec.dnsNames[1] = "api.shop.localhost";
      get("Ingress/shop").spec.rules[1].host = "api.shop.localhost";
      get("Ingress/shop").spec.tls[0].hosts[1] = "api.shop.localhost";
    },
  },
  { rule: "no-local-host", fault: "an address of development in the configuration", at: "ConfigMap/api data.PUBLIC_URL", put: ({ get }) => (get("ConfigMap/api").data.PUBLIC_URL = "https://shop.localhost") },
  { rule: "no-local-host", fault: "an environment of this machine's domain", at: "environment domain", environment: { ...prod, domain: "shop.localhost" }, put: () => {} },
  { rule: "self-signed-issuer", fault: "a self-signed issuer", at: "ClusterIssuer/letsencrypt spec.selfSigned", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec = { selfSigned: {} }) },
  { rule: "self-signed-issuer", fault: "the CA of development", at: "ClusterIssuer/letsencrypt spec.ca", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec = { ca: { secretName: "local-ca" } }) },
  { rule: "self-signed-issuer", fault: "certificates of Let's Encrypt's staging directory for users", at: "ClusterIssuer/letsencrypt spec.acme.server", put: ({ get }) => (get("ClusterIssuer/letsencrypt").spec.acme.server = "https://acme-staging-v02.api.letsencrypt.org/directory") },
  { rule: "debug-settings", fault: "logs say everything", at: "ConfigMap/api data.LOG_LEVEL", put: ({ get }) => (get("ConfigMap/api").data.LOG_LEVEL = "debug") },
  { rule: "debug-settings", fault: "Node runs in development mode", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "NODE_ENV", value: "development" }) },
  { rule: "debug-settings", fault: "Node's debugger listens", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "NODE_OPTIONS", value: "--inspect=0.0.0.0:9229" }) },
  { rule: "debug-settings", fault: "certificates are not verified", at: inContainer("env[4].value"), put: ({ container }) => container.env.push({ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }) },
  { rule: "debug-settings", fault: "a watcher runs the source", at: inContainer("command[1]"), put: ({ container }) => (container.command = ["tsx", "watch", "src/main.ts"]) },
  { rule: "production-in-development", fault: "development talks to production's cluster", at: "environment context", environment: { ...dev, context: "prod" }, put: ({ objects }) => local(objects) },
  { rule: "production-in-development", fault: "development talks to a cluster that is not of this machine", at: "environment context", environment: { ...dev, context: "gke_shop_europe-west6_main" }, put: ({ objects }) => local(objects) },
  { rule: "production-in-development", fault: "development serves production's domain", at: ["environment domain", "Certificate/shop spec.dnsNames[0]", "Certificate/shop spec.dnsNames[1]", "Ingress/shop spec.rules[0].host", "Ingress/shop spec.rules[1].host"], environment: { ...dev, domain: "shop.example.com" }, put: () => {} },
];

/** Of development, but for what the fault is about. */
function local(objects: any[]) {
  const text = JSON.stringify(objects).replaceAll("shop.example.com", "shop.localhost");
  objects.splice(0, objects.length, ...JSON.parse(text));
}
