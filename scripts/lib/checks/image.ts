/** The parts of an image reference. */
export interface ImageReference {
  /** Host and port; undefined for Docker Hub's short names. */
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const step = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const format = new RegExp(
  `^(?:((?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\\d+)?|\\[[0-9a-fA-F:]+\\](?::\\d+)?)/)?` +
    `(${step}(?:/${step})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|(?!sha256:)[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$`,
);

/** @returns undefined for what no container runtime can read; @see https://github.com/distribution/reference */
export function parseImage(image: string): ImageReference | undefined {
  const [, first, rest, tag, digest] = format.exec(image) ?? [];
  if (rest === undefined) return undefined;
  // As Docker decides it: only what looks like a host is one.
  const isHost = first !== undefined && (/[.:[]/.test(first) || first === "localhost");
  if (first !== undefined && !isHost && first !== first.toLowerCase()) return undefined;
  return {
    ...(isHost && { registry: first }),
    repository: first !== undefined && !isHost ? `${first}/${rest}` : rest,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/**
 * Whether another image can be behind this reference tomorrow: no tag, `latest`, a branch, `8` or `8-alpine`. A full
 * version (three numbers), a date, a commit or a digest stays.
 */
export function isMoving({ tag, digest }: ImageReference): boolean {
  if (digest !== undefined) return false;
  if (tag === undefined) return true;
  const isVersion = /(^|[^0-9.])\d+\.\d+\.\d+/.test(tag);
  const isDate = /(^|\D)20\d{6}(\D|$)|20\d\d-\d\d-\d\d/.test(tag);
  const isCommit = /(^|[^0-9a-z])(?=[0-9a-f]*\d)[0-9a-f]{7,40}($|[^0-9a-z])/.test(tag);
  return !(isVersion || isDate || isCommit);
}
