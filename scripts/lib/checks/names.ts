// What Kubernetes accepts as a name, by the functions of its validation that decide.
// https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const qualified = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?";

const dnsLabelFormat = new RegExp(`^${label}$`);
const dnsSubdomainFormat = new RegExp(`^${label}(\\.${label})*$`);
const qualifiedFormat = new RegExp(`^${qualified}$`);

/** RFC 1123: lower case, digits and "-", 63 characters. */
export const isDnsLabel = (name: string) => name.length <= 63 && dnsLabelFormat.test(name);
/** Labels with dots between, 253 characters. */
export const isDnsSubdomain = (name: string) => name.length <= 253 && dnsSubdomainFormat.test(name);
/** RFC 1035: a label that begins with a letter. */
export const isDns1035Label = (name: string) => isDnsLabel(name) && /^[a-z]/.test(name);
/** Roles and bindings: whatever fits into a URL as one step. */
export const isPathSegment = (name: string) => name !== "" && name !== "." && name !== ".." && !/[/%]/.test(name);
/** Host of an Ingress or Certificate; only the first label may be `*`. */
export const isHost = (host: string) => isDnsSubdomain(host.replace(/^\*\./, ""));
/** IANA service name, which names container ports. */
export const isPortName = (name: string) =>
  name.length <= 15 && /^[a-z0-9-]+$/.test(name) && /[a-z]/.test(name) && !/^-|-$|--/.test(name);
/** Since Kubernetes 1.34 any printable ASCII character but "=". */
export const isEnvName = (name: string) => /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
/** Key of a ConfigMap or Secret: a file's name in a volume. */
export const isConfigKey = (key: string) => key.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(key) && key !== "." && !key.startsWith("..");

export const isLabelValue = (value: string) => value === "" || (value.length <= 63 && qualifiedFormat.test(value));
/** `name` or `prefix.example/name`; of labels and annotations. */
export function isLabelKey(key: string): boolean {
  const [name = "", prefix, ...more] = key.split("/").reverse();
  return more.length === 0 && name.length <= 63 && qualifiedFormat.test(name) && (prefix === undefined || isDnsSubdomain(prefix));
}
