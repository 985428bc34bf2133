import type { ContainerStatus, Event, Live, Pod } from "../facts.ts";
import { containerField, type Cause, type Suspicion } from "../suspicion.ts";

// Images that can't be had. The kubelet tries again after 10 s, 20 s, 40 s … up to 5 min.
// https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff

const waitingReasons = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"]);

// Where the registry itself has answered, asking again brings the same answer: final at once. Logins may take a moment to
// reach a new node, and networks and busy registries recover: they get the kubelet's second try, which comes 10 s after the
// first and some seconds later on a busy node.
const secondTry = 16;

interface Kind {
  readonly pattern: RegExp;
  readonly cause: Cause;
  readonly finalAfter: number;
  readonly likely: (image: string) => string;
  readonly fix: (image: string) => string;
}

/** The first that matches holds: several messages end in "not found" for want of something else. */
const kinds: readonly Kind[] = [
  {
    pattern: /no match for platform|no matching manifest|does not match the specified platform/i,
    cause: "image-platform",
    finalAfter: 0,
    likely: (image) => `${image} was not built for the processor of this node`,
    fix: () => "build it for the cluster's platform too: docker buildx build --platform linux/amd64,linux/arm64",
  },
  {
    pattern: /couldn't parse image|invalid reference format|InvalidImageName|invalid image name/i,
    cause: "image-name",
    finalAfter: 0,
    likely: (image) => `${JSON.stringify(image)} is not a valid image name (lower case, registry/name:tag)`,
    fix: () => "write a valid name",
  },
  {
    pattern: /\b(401|403)\b|unauthorized|authentication required|access denied|authorization failed|denied:|no basic auth|forbidden/i,
    cause: "image-denied",
    finalAfter: secondTry,
    likely: (image) => `${registryOf(image)} wants a login that the cluster does not have, or the repository does not exist there (registries answer both alike)`,
    fix: () => "check the name; for a private registry name a Secret of type kubernetes.io/dockerconfigjson in imagePullSecrets",
  },
  {
    pattern: /x509|certificate signed by|certificate is not valid|server gave HTTP response to HTTPS|tls:/i,
    cause: "image-network",
    finalAfter: 0,
    likely: (image) => `the nodes do not trust ${registryOf(image)}'s certificate, or it speaks plain HTTP`,
    fix: () => "give the nodes its CA (containerd: certs.d/<registry>/hosts.toml)",
  },
  {
    pattern: /no such host|i\/o timeout|connection refused|connection reset|no route to host|network is unreachable|context deadline|timeout|EOF\b|temporary failure|\b5\d\d\b|RegistryUnavailable/i,
    cause: "image-network",
    finalAfter: secondTry,
    likely: (image) => `the nodes can't reach ${registryOf(image)}: its name is wrong, it is down, or a firewall is between`,
    fix: () => "check the registry's name and that it answers from the node's network",
  },
  {
    pattern: /toomanyrequests|too many requests|\b429\b|rate limit/i,
    cause: "image-network",
    finalAfter: secondTry,
    likely: (image) => `${registryOf(image)} limits how often one may pull, and that is used up`,
    fix: () => "log in to the registry (imagePullSecrets), or pull through a mirror of your own",
  },
  {
    pattern: /no space left/i,
    cause: "image-network",
    finalAfter: secondTry,
    likely: () => "the node's disk is full",
    fix: () => "free space on the node: unused images, logs, old volumes",
  },
  {
    pattern: /not found|manifest unknown|does not exist|NAME_UNKNOWN/i,
    cause: "image-not-found",
    finalAfter: 0,
    likely: (image) => `${registryOf(image)} has no ${image.replace(`${registryOf(image)}/`, "")}: the tag was never pushed, was deleted, or is misspelt`,
    fix: () => "push it, or name one that is there",
  },
];

const other: Kind = {
  pattern: /(?:)/,
  cause: "image-network",
  finalAfter: secondTry,
  likely: (image) => `${image} could not be pulled`,
  fix: () => "read the message above; pull it by hand where the nodes are",
};

/** @returns why a container has no image. @param events of the pod */
export function imageSuspicion(object: Live, pod: Pod, status: ContainerStatus, image: string, events: readonly Event[]): Suspicion | undefined {
  const { reason = "", message: said = "" } = status.state?.waiting ?? {};
  if (!waitingReasons.has(reason)) return undefined;
  // Before Kubernetes 1.31 ImagePullBackOff did not say why; the event of the last try does.
  const told = events.findLast((event) => event.reason === "Failed" && event.message.startsWith(`Failed to pull image "${image}": `));
  const message = /^Back-off pulling image "[^"]*"\.?$/.test(said) && told ? told.message : said;
  const shown = { object, pod, container: status.name, reason, message: message.replace(/^Back-off pulling image "[^"]*": /, ""), field: containerField(object, pod, status.name, "image") };
  if (reason === "ErrImageNeverPull")
    return {
      ...shown,
      cause: "image-never",
      finalAfter: 0,
      likely: `${image} is not on the node, and imagePullPolicy: Never forbids to pull it`,
      fix: "remove imagePullPolicy, or load the image into the node first",
      commands: [],
    };
  const kind = kinds.find(({ pattern }) => pattern.test(`${reason} ${stripImage(message, image)}`)) ?? other;
  return {
    ...shown,
    cause: kind.cause,
    finalAfter: kind.finalAfter,
    // A registry that nobody can reach or log in to is one problem, however many pull from it.
    shared: kind.cause === "image-denied" || kind.cause === "image-network" ? `${kind.cause} ${registryOf(image)} ${kind.likely(image)}` : undefined,
    likely: kind.likely(image),
    fix: kind.fix(image),
    commands: kind.cause === "image-name" ? [] : [`docker manifest inspect ${image}`],
  };
}

/** An image called app-403 must not look like an answer. */
const stripImage = (message: string, image: string) => message.replaceAll(image, "").replace(/https?:\/\/\S+/g, "");

/** @see https://github.com/distribution/reference the first part is a registry when it has a dot, a port or is localhost */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}
