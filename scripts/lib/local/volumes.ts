import { join } from "node:path";
import { dataKey, type Container, type LocalObjects } from "./objects.ts";

/** Folders and files that have to be there before a process starts. */
export interface Mounts {
  readonly folders: readonly {
    readonly path: string;
    /** What of it is mounted when not all is: the subPath of a ConfigMap or Secret. */
    readonly file?: string;
    readonly mountPath: string;
    /** Emptied when the runner starts: an emptyDir does not outlive its pod. */
    readonly fresh: boolean;
    /** Of a ConfigMap or Secret. */
    readonly files?: Readonly<Record<string, string>>;
  }[];
}

/**
 * Maps a container's mounts to folders of this machine.
 * @param folder where they are made, absolute
 * @returns `rewrite` puts those folders in the place of the mount paths in a text
 */
export function mountsOf(container: Container, { data }: Pick<LocalObjects, "data">, folder: string) {
  const { spec, pod, claims, name } = container;
  const notices: string[] = [];
  const folders: Mounts["folders"][number][] = [];
  const text = JSON.stringify([spec.command, spec.args, spec.env, spec.envFrom && [...data.values()]]);
  for (const { name: volumeName, mountPath, subPath = "" } of spec.volumeMounts ?? []) {
    const volume = pod.volumes?.find((one) => one.name === volumeName);
    const claim = volume?.persistentVolumeClaim?.claimName ?? claims.find((one) => one.metadata?.name === volumeName)?.metadata?.name;
    // A program that writes to /tmp finds the machine's own.
    if (volume?.emptyDir && mountPath === "/tmp") continue;
    const whole = join(folder, ...(volume?.persistentVolumeClaim ? ["claims", claim!] : [name.replaceAll("/", "-"), volumeName]));
    const files = filesOf(volume, data, subPath);
    // The subPath of a ConfigMap is mostly one of its files, and must not become a folder.
    const place = files ? { path: whole, ...(subPath && { file: subPath }), files } : { path: join(whole, subPath) };
    if (!claim && !volume?.emptyDir && !files) notices.push(`volume ${volumeName} of ${name}`);
    else if (!text.includes(mountPath)) notices.push(`${mountPath} of ${name}, which neither its arguments nor its variables name`);
    folders.push({ ...place, mountPath, fresh: !claim });
  }
  // Longer paths first: one mount may lie in another.
  const replaced = [...folders].sort((a, b) => b.mountPath.length - a.mountPath.length);
  const rewrite = (value: string) =>
    replaced.reduce((result, { mountPath, path, file = "" }) => result.replace(new RegExp(`(?<![\\w./-])${escape(mountPath)}(?![\\w.-])`, "g"), () => join(path, file)), value);
  return { mounts: { folders }, rewrite, notices };
}

const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

function filesOf(volume: NonNullable<Container["pod"]["volumes"]>[number] | undefined, data: LocalObjects["data"], subPath: string): Record<string, string> | undefined {
  const source = volume?.configMap ? dataKey("ConfigMap", volume.configMap.name ?? "") : volume?.secret ? dataKey("Secret", volume.secret.secretName ?? "") : undefined;
  if (source === undefined) return undefined;
  const entries = data.get(source) ?? {};
  const items = volume?.configMap?.items ?? volume?.secret?.items;
  const files = items ? Object.fromEntries(items.map(({ key, path }) => [path, entries[key] ?? ""])) : entries;
  return Object.fromEntries(Object.entries(files).filter(([path]) => `${path}/`.startsWith(subPath && `${subPath}/`)));
}
