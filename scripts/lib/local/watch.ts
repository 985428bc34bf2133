import { readdirSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";

const quietMs = 30;
// Folders that builds and tools write to.
const ignored = /^(node_modules|dist|\.cache|\.git|\.local|coverage)$/;
// Far more than a project of this kind has; inotify's watches are limited.
const mostFolders = 2000;

/**
 * Watches a folder and those in it, new ones too. fs.watch's own recursion loses new folders on some Node versions.
 * @param onEdit called once when all has been quiet for a moment, with a path that changed
 * @param skipped tells names of folders and files that don't count
 * @returns ends the watching
 */
export function watchFolder(root: string, onEdit: (path: string) => void, skipped = (name: string) => ignored.test(name)): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const add = (folder: string) => {
    if (ended || watchers.has(folder) || watchers.size >= mostFolders) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || skipped(name)) return;
        add(join(folder, name));
        clearTimeout(timer);
        timer = setTimeout(() => ended || onEdit(join(folder, name)), quietMs);
      });
      watcher.on("error", () => remove(folder));
      watchers.set(folder, watcher);
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory() && !skipped(entry.name)) add(join(folder, entry.name));
    } catch {
      // Not a folder, or gone again.
      remove(folder);
    }
  };
  const remove = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };

  add(root);
  return () => {
    ended = true;
    clearTimeout(timer);
    for (const folder of [...watchers.keys()]) remove(folder);
  };
}
