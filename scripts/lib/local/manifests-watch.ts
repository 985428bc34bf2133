import { join } from "node:path";
import { UserError } from "../errors.ts";
import { done, failed, say } from "../progress.ts";
import { fingerprint } from "./rendered.ts";
import { watchFolder } from "./watch.ts";

/**
 * Calls `update` after every edit of manifests/ and .env, one at a time. Broken manifests are reported, and all runs on.
 * @param known the fingerprint of what runs: an edit that came since is seen at once
 * @returns ends the watching
 */
export function watchManifests(root: string, known: string | undefined, update: () => Promise<void>): () => void {
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    // What is saved meanwhile is seen by the next round.
    for (let current = fingerprint(root); current !== known; current = fingerprint(root)) {
      known = current;
      try {
        await update();
        done("manifests applied");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failed(`${error.message}; what runs stays as it is`);
        if (error.why) say(error.why.replace(/^(?=.)/gm, "   "));
        if (error.next) say(`   → ${error.next}`);
      }
    }
    busy = false;
  };
  const ends = [
    watchFolder(join(root, "manifests"), () => void look()),
    watchFolder(root, () => void look(), (name) => name !== ".env"),
  ];
  void look();
  return () => ends.forEach((end) => end());
}
